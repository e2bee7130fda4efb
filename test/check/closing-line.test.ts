// The last line of `npm test` is read by machines: it must not say that all is well when it is not.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import ClosingLine, { COUNTS, closingLine } from "../../scripts/closing-line.mjs";
import { scratch } from "../support/scratch.js";

const folder = scratch();
afterEach(() => void vi.unstubAllEnvs());

/** A test module as vitest hands it to a reporter: whether it loaded well, and the states of its tests. */
const moduleOf = (text: string) => {
  const [first, ...states] = text.split(" ");
  return {
    ok: () => first === "ok",
    children: { allTests: () => states.map((state) => ({ result: () => ({ state }) })) },
  };
};

it.each<[modules: string[], errors: number, code: number | null, line: string]>([
  [["ok passed skipped", "bad failed passed"], 0, 1, "2 passed, 1 failed"],
  [["ok passed"], 0, 0, "1 passed, 0 failed"],
  // A fork that died, a file that does not load, a stray error.
  [["bad passed pending"], 0, 1, "1 passed, 1 failed"],
  [["bad"], 0, 1, "0 passed, 1 failed"],
  [["ok passed"], 1, 1, "1 passed, 1 failed"],
  // vitest failed without a reason, or ran nothing.
  [["ok passed"], 0, 1, "1 passed, 1 failed"],
  [["ok passed"], 0, null, "1 passed, 1 failed"],
  [[], 0, 0, "0 passed, 1 failed"],
])("%j, %i errors, code %s: %s", (modules, errors, code, line) => {
  const file = join(folder, "counts.json");
  vi.stubEnv(COUNTS, file);
  const stray = Array.from({ length: errors }, () => new Error("late"));
  new ClosingLine().onTestRunEnd(modules.map(moduleOf), stray);
  expect(closingLine(file, code)).toMatchObject({ line, code: line.endsWith(" 0 failed") ? 0 : 1 });
});

it("fails without counts, and when a test failed although vitest's exit code is 0", () => {
  expect(closingLine(join(folder, "none"), 0)).toMatchObject({ code: 1 });
  const file = join(folder, "failed.json");
  writeFileSync(file, JSON.stringify({ passed: 3, failed: 2, skipped: 0 }));
  expect(closingLine(file, 0)).toMatchObject({ line: "3 passed, 2 failed", code: 1 });
});
