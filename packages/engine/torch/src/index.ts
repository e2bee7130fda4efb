/// <reference types="node" preserve="true" />
// The engine's types need the types of Node (Buffer, Disposable), also for users who have not asked for them.
export { call, callable, schemas } from "./binding/dispatch.js";
export * from "./binding/dtype.js";
export { type CallCode, type FormatCode, TorchError } from "./binding/errors.js";
export { Handle, tidy } from "./binding/handle.js";
export * as unsafe from "./binding/unsafe.js";
export * as distributed from "./distributed/index.js";
export * as io from "./io/index.js";
export * as nn from "./nn/index.js";
export * as optim from "./optim/index.js";
export * from "./program/chunks.js";
export * from "./program/description.js";
export * as jit from "./program/jit.js";
export * from "./program/record.js";
export * from "./runtime.js";
export * from "./signals.js";
export * from "./tensor/autocast.js";
export * from "./tensor/brownian.js";
export * from "./tensor/create.js";
export * from "./tensor/finite.js";
export * from "./tensor/grad.js";
export * from "./tensor/ops.generated.js";
export * from "./tensor/random.js";
export * from "./tensor/sinkhorn.js";
export { Buffer, Parameter, Tensor } from "./tensor/tensor.js";
