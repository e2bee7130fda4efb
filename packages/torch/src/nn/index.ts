export {
  ELU,
  GELU,
  Identity,
  LeakyReLU,
  Mish,
  ReLU,
  Sigmoid,
  SiLU,
  Softplus,
  Tanh,
} from "./activation.js";
export * as init from "./init.js";
export { Linear, type LinearOptions } from "./linear.js";
export { copyState, Module, type StateDict } from "./module.js";
export { Sequential } from "./sequential.js";
