export { bytesText } from "./bridge/card.js";
export { exportRun } from "./run.js";
