export { type FormatCode, formatError, isFormatError } from "../binding/errors.js";
export { crc32 } from "./crc32.js";
export { mapNpy } from "./map.js";
export * as npy from "./npy.js";
export { decodePt, loadPt, type PtKey, type PtValue } from "./pt/load.js";
export { loadStateDict } from "./pt/state-dict.js";
export { fromTyped, itemSize, type RawArray } from "./raw.js";
export * as safetensors from "./safetensors.js";
export {
  encodeNpy,
  encodeTensors,
  fromRaw,
  loadTensors,
  toFloat32,
  toFloat64,
  toRaw,
} from "./tensors.js";
export { ZipReader } from "./zip.js";
