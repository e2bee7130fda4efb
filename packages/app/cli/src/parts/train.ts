// `dsbm/train`: a training made by hand can be saved as a run.
export * from "@dsbm/train";
export { Training } from "../library/training.js";
