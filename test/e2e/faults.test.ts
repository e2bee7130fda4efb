// A disk that refuses a call: one line that names the file, and the same command afterwards ends as if nothing had been
// (`npm run torture -- --faults` has all commands and calls).
import { expect, it } from "vitest";
import { faults } from "../../scripts/torture/faults.mjs";

it.skipIf(process.platform !== "linux")(
  "the same command afterwards ends with the bits of an untouched one",
  async () => {
    const result = await faults({ points: 1, names: ["sample"], kinds: ["write"] });
    expect(result).toEqual({ injected: { write: 2 }, wrong: [] });
  },
);
