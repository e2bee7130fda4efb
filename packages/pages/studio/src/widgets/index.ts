// Parts that pages of bridges share: the studio's and try.html.
export { listItems } from "./column-uses.js";
export { DropZone } from "./drop-zone.js";
export { PlanView } from "./plan-view.js";
export { StepsLine, stateText } from "./steps-line.js";
export { Bars, type GivenOptions, TableLookView } from "./table-look.js";
export { TrainingFields } from "./training-fields.js";
