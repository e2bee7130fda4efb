export { decodePt, loadPt, type PtOptions } from "./decode.js";
export { encodePt } from "./encode.js";
export type { PtLimits } from "./limits.js";
export { ByteArray, unpickleBytes } from "./numpy-pickle.js";
export type { PtInput } from "./pickle.js";
export { type LoadedStateDict, loadStateDict } from "./state-dict.js";
export type { PtKey, PtValue } from "./value.js";
