/// <reference types="node" preserve="true" />
// The types of Node belong to those of the engine (Buffer, Disposable), for users who have not asked for them.
export { call, callable, schemas } from "./binding/dispatch.js";
export {
  arrayOf,
  type Device,
  type DType,
  type MemoryFormat,
  type Scalar,
  type TypedArray,
} from "./binding/dtype.js";
export {
  DisposedError,
  MissingOpError,
  OutOfMemoryError,
  RecordingError,
  TorchError,
} from "./binding/errors.js";
export { Handle, keep, liveTensors, Scope, tidy } from "./binding/handle.js";
export * as unsafe from "./binding/unsafe.js";
export * as distributed from "./distributed/index.js";
export * as io from "./io/index.js";
export { type MemoryLimit, memoryLimit } from "./memory-limit.js";
export * as nn from "./nn/index.js";
export * as optim from "./optim/index.js";
export { isGone, processName } from "./process-name.js";
export {
  type OperationTime,
  type Profile,
  productRate,
  startProfile,
  stopProfile,
  type TracedCall,
} from "./profile.js";
export {
  describeProgram,
  type ProgramArgument,
  type ProgramDescription,
  type ProgramSlot,
  type ProgramStep,
} from "./program/description.js";
export * as jit from "./program/jit.js";
export {
  type ChunkedRun,
  type ChunkOptions,
  Program,
  type Recorded,
  recorded,
  runChunked,
  startChunked,
  type TensorFunction,
} from "./program/record.js";
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
export { type SignalWatch, watchSignals } from "./signals.js";
export { autocast, autocastDType, type CastDType } from "./tensor/autocast.js";
export { brownianBridge } from "./tensor/brownian.js";
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
} from "./tensor/create.js";
export {
  backward,
  enableGrad,
  grad,
  gradEnabled,
  inferenceMode,
  noGrad,
  zeroGrad,
} from "./tensor/grad.js";
export * from "./tensor/ops.generated.js";
export {
  Generator,
  manualSeed,
  noise,
  noiseAt,
  noisePairs,
  type RandomOptions,
  rand,
  randint,
  randn,
  randperm,
  strata,
} from "./tensor/random.js";
export {
  type Scalings,
  type SinkhornSteps,
  sinkhornIterate,
  sinkhornKernel,
  sinkhornPlan,
  sinkhornProductKernel,
} from "./tensor/sinkhorn.js";
export { squaredError } from "./tensor/squared-error.js";
export { Buffer, Parameter, Tensor } from "./tensor/tensor.js";
