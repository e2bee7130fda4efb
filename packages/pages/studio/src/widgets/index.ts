// Parts that pages of bridges share: the studio's and try.html.
export { DropZone } from "./drop-zone.js";
export { PlanView } from "./plan-view.js";
export { StepsLine, stateText } from "./steps-line.js";
export { Bars, TableLookView } from "./table-look.js";
