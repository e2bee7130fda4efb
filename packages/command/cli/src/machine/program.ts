import { fileURLToPath } from "node:url";

/** The path of the program `dsbm`. */
export const program: string = fileURLToPath(new URL("../../bin/dsbm.mjs", import.meta.url));
