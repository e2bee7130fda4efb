// The program that other processes start.
import { fileURLToPath } from "node:url";

/** The script that node runs as `dsbm`. */
export const program: string = fileURLToPath(new URL("../../bin/dsbm.mjs", import.meta.url));
