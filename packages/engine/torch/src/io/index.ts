export { type FormatCode, formatError, isFormatError } from "../binding/errors.js";
export { mapNpy } from "./map.js";
export * as npy from "./npy.js";
export * from "./pt/load.js";
export { loadStateDict } from "./pt/state-dict.js";
export { fromTyped, itemSize, type RawArray } from "./raw.js";
export * as safetensors from "./safetensors.js";
export * from "./tensors.js";
export { crc32, ZipReader } from "./zip.js";
