// A disk that refuses a call: one line that names the file, and the same command afterwards ends as if nothing had been
// (`npm run torture -- --faults` has all commands and calls).
import { expect, it } from "vitest";
import { faults } from "../../scripts/torture/faults.mjs";

// The bridge is the first file of a new folder.
it.skipIf(process.platform !== "linux").each([
  ["sample", "write"],
  ["export", "rename"],
])("after a fault, %s ends with the bits of an untouched one: %s", async (name, kind) => {
  const result = await faults({ points: 1, names: [name], kinds: [kind] });
  expect(result).toEqual({ injected: { [kind]: 2 }, wrong: [] });
});
