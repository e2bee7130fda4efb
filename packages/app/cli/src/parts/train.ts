// `dsbm/train`: the driver of a training, and the sampler. A training that was made by hand can be saved as a run.
export * from "@dsbm/train";
export { Training } from "../library/training.js";
