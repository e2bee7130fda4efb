// The version that runs and messages carry.
import { readFileSync } from "node:fs";

/** The version of dsbm: all packages have the same. */
export const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { version: string };
