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
export { checkpoint, drawnOnce } from "./checkpoint.js";
export { Conv1d, Conv2d, type ConvOptions, type PaddingMode, type Size } from "./conv.js";
export { Dropout, dropout } from "./dropout.js";
export { Embedding, type EmbeddingOptions } from "./embedding.js";
export { GroupNorm, type GroupNormOptions } from "./group-norm.js";
export * as init from "./init.js";
export { type InterpolateOptions, interpolate } from "./interpolate.js";
export { LayerNorm, type LayerNormOptions } from "./layer-norm.js";
export { affine, Linear, type LinearOptions } from "./linear.js";
export { copyState, Module, type StateDict } from "./module.js";
export { AvgPool2d, type AvgPool2dOptions } from "./pool.js";
export { Sequential } from "./sequential.js";
export { standingOf, withStandingWeights } from "./standing.js";
