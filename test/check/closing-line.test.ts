// The last line of `npm test` is read by machines: it must not say that all is well when it is not.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import ClosingLine, { COUNTS, closingLine, timeLines } from "../../scripts/closing-line.mjs";
import { pathsWithoutTests } from "../../scripts/test-files.mjs";
import { scratch } from "../support/scratch.js";

const folder = scratch();
afterEach(() => void vi.unstubAllEnvs());

/** A test module as vitest hands it to a reporter: whether it loaded well, the states of its tests, its time. */
const moduleOf = (text: string, index = 0) => {
  const [first, ...states] = text.split(" ");
  return {
    relativeModuleId: `${index}.test.ts`,
    diagnostic: () => ({ collectDuration: 250, duration: 1000 * index }),
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

it("the ten slowest files come with their seconds, the slowest first", () => {
  const file = join(folder, "counts-of-times.json");
  vi.stubEnv(COUNTS, file);
  const modules = Array.from({ length: 12 }, (_, index) => moduleOf("ok passed", index));
  new ClosingLine().onTestRunEnd(modules, []);
  const lines = timeLines(file, 60_000);
  expect(lines).toHaveLength(11);
  expect(lines.slice(0, 2)).toEqual(["Slowest of 12 files:", "   11.3 s  11.test.ts"]);
  expect(lines.at(-1)).toContain("2.test.ts");
});

it("more than eight minutes are said in a line and fail nothing", () => {
  const file = join(folder, "none");
  expect(timeLines(file, 8 * 60_000)).toEqual([]);
  expect(timeLines(file, 8.5 * 60_000)).toEqual([
    "The tests took 8.5 minutes; the goal is 8 on two quiet cores.",
  ]);
});

it.each([
  [["packages/library/train"], []],
  [["test/e2e/fit.test.ts:60", "-t", "a/b"], []],
  [["fit"], []],
  [["packages/library/train", "test/e2e/fitt.test.ts"], ["test/e2e/fitt.test.ts"]],
  [["packages/library/trian/"], ["packages/library/trian/"]],
])("of the arguments %j, %j have no test file", (args, missing) => {
  expect(pathsWithoutTests(args, join(import.meta.dirname, "../.."))).toEqual(missing);
});
