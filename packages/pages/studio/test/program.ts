// A stand-in for dsbm.
import { join } from "node:path";
import type { StudioProgram } from "../src/index.js";

/** A studio's program of this file and these arguments, whose fits are runs in fit/defaults. */
export const programOf = (program: readonly string[]): StudioProgram => ({
  program,
  fitKeys: ["seed"],
  fit: (root, files, { seed = "42" }) => ({
    words: ["fit", ...files, `seed=${seed}`],
    folders: seed.split(",").map((one) => join(root, "fit/defaults", one)),
  }),
  options: ({ overrides: { seed } }) => ({ seed: String(seed) }),
  resume: (root, { arguments: files, overrides: { seed } }) => ({
    words: ["fit", ...files],
    folders: [join(root, "fit/defaults", String(seed))],
  }),
  setting: (key, value) => `${key}=${value}`,
});
