export { type FormatCode, FormatError } from "./errors.js";
export { mapNpy } from "./map.js";
export * as npy from "./npy.js";
export { NpyTarget } from "./npy-target.js";
export { crc32 } from "./pt/crc32.js";
export {
  ByteArray,
  decodePt,
  encodePt,
  type LoadedStateDict,
  loadPt,
  loadStateDict,
  type PtInput,
  type PtKey,
  type PtLimits,
  type PtOptions,
  type PtValue,
  unpickleBytes,
} from "./pt/index.js";
export { fromTyped, itemSize, type RawArray, toFloat32, toFloat64 } from "./raw.js";
export * as safetensors from "./safetensors.js";
export { encodeNpy, encodeTensors, fromRaw, loadTensors, toRaw } from "./tensors.js";
