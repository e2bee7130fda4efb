// What other packages import.
export * from "./append.js";
export * from "./checksum.js";
export * from "./errors.js";
export * from "./lock.js";
export * from "./nearest.js";
export * from "./process.js";
export * from "./read.js";
export * from "./temporary.js";
export * from "./write.js";
