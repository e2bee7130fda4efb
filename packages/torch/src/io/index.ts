export { type FormatCode, FormatError } from "./errors.js";
export * as npy from "./npy.js";
export { fromTyped, type RawArray, toFloat32, toFloat64 } from "./raw.js";
export * as safetensors from "./safetensors.js";
export { encodeNpy, encodeTensors, fromRaw, loadTensors, toRaw } from "./tensors.js";
