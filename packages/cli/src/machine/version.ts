// The version that runs and messages carry, and the program that other processes start.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The version of this package. */
export const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { version: string };

/** The script that node runs as `dsbm`. */
export const program: string = fileURLToPath(new URL("../../bin/dsbm.mjs", import.meta.url));
