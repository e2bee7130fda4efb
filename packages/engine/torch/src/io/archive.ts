// Archives without the engine: a thread that reads files loads these alone.
export { isFormatError } from "../binding/errors.js";
export { ZipReader } from "./zip.js";
