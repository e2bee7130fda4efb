export {
  arange,
  empty,
  eye,
  full,
  linspace,
  type Nested,
  ones,
  type TensorOptions,
  tensor,
  zeros,
} from "./create.js";
export { call, schemas } from "./dispatch.js";
export * as distributed from "./distributed/index.js";
export {
  arrayOf,
  type Device,
  type DType,
  type MemoryFormat,
  type Scalar,
  type TypedArray,
} from "./dtype.js";
export {
  DisposedError,
  MissingOpError,
  OutOfMemoryError,
  RecordingError,
  TorchError,
} from "./errors.js";
export {
  backward,
  enableGrad,
  grad,
  gradEnabled,
  inferenceMode,
  noGrad,
  zeroGrad,
} from "./grad.js";
export { Handle, keep, liveTensors, Scope, tidy } from "./handle.js";
export * as io from "./io/index.js";
export * as jit from "./jit.js";
export * as nn from "./nn/index.js";
export * from "./ops.generated.js";
export * as optim from "./optim/index.js";
export {
  Generator,
  manualSeed,
  noise,
  type RandomOptions,
  rand,
  randint,
  randn,
  randperm,
} from "./random.js";
export {
  type ChunkedRun,
  type ChunkOptions,
  Program,
  type Recorded,
  recorded,
  runChunked,
  startChunked,
  type TensorFunction,
} from "./record.js";
export {
  drainWarnings,
  type EngineInfo,
  engineInfo,
  getNumThreads,
  type MemoryStatistics,
  memory,
  setMemoryLimit,
  setNumThreads,
} from "./runtime.js";
export { Buffer, Parameter, Tensor } from "./tensor.js";
