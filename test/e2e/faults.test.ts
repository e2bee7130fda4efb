// A disk that refuses a call: one line that names the file, and the same command afterwards ends as if nothing had been
// (`npm run torture -- --faults` has all commands and calls).
import { expect, it } from "vitest";
import { faults } from "../../scripts/torture/faults.mjs";
import { killsLine } from "../../scripts/torture/kills.mjs";

it.skipIf(process.platform !== "linux")(
  "the same command afterwards ends with the bits of an untouched one",
  async () => {
    const result = await faults({ points: 1, names: ["sample"], kinds: ["write"] });
    expect(result).toEqual({ injected: { write: 2 }, wrong: [] });
  },
);

it("says how many kills were made, where a command was given up", () => {
  const result = { made: { vectors: 3, sweep: 1 }, before: 1, wrong: [] as string[] };
  expect(killsLine(result, 4)).toMatch(/^4 kills \(3 vectors, 1 sweep\), 1 before .*; 0 ended/);
  const stopped = { ...result, wrong: ["sweep ended with other bits: a"] };
  expect(killsLine(stopped, 6)).toMatch(/^4 of 6 kills \(.*; 1 ended/);
});
