export { bytesText } from "./bridge/card.js";
export { exportRun } from "./files.js";
export { exportPage } from "./page.js";
export { exportForPlay } from "./play.js";
