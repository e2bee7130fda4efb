export * from "@dsbm/train";
export { Training } from "../library/training.js";
