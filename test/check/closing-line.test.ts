// The last line of `npm test` is read by machines: it must not say that all is well when it is not.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import ClosingLine, { COUNTS, closingLine } from "../../scripts/closing-line.mjs";

/** A test module as vitest hands it to a reporter, with the given states of its tests. */
const module = (ok: boolean, ...states: string[]) => ({
  ok: () => ok,
  children: { allTests: () => states.map((state) => ({ result: () => ({ state }) })) },
});

describe("the closing line", () => {
  let folder: string;
  let file: string;
  const outer = process.env[COUNTS];
  const report = (modules: ReturnType<typeof module>[], errors: unknown[], code: number | null) => {
    new ClosingLine().onTestRunEnd(modules, errors);
    return closingLine(file, code);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dsbm-closing-"));
    file = join(folder, "counts.json");
    process.env[COUNTS] = file;
  });
  afterEach(() => {
    if (outer === undefined) delete process.env[COUNTS];
    else process.env[COUNTS] = outer;
    rmSync(folder, { recursive: true });
  });

  it("counts what passed, failed and was skipped", () => {
    const end = report(
      [module(true, "passed", "skipped"), module(false, "failed", "passed")],
      [],
      1,
    );
    expect(end).toEqual({ line: "2 passed, 1 failed", skipped: 1, code: 1 });
    expect(report([module(true, "passed")], [], 0)).toMatchObject({
      line: "1 passed, 0 failed",
      code: 0,
    });
  });

  it("counts a test whose fork died, a file that does not load and a stray error", () => {
    expect(report([module(false, "passed", "pending")], [], 1).line).toBe("1 passed, 1 failed");
    expect(report([module(false)], [], 1).line).toBe("0 passed, 1 failed");
    expect(report([module(true, "passed")], [new Error("late")], 1).line).toBe(
      "1 passed, 1 failed",
    );
  });

  it("fails when vitest failed without saying why, ran nothing or left no counts", () => {
    expect(report([module(true, "passed")], [], 1)).toMatchObject({
      line: "1 passed, 1 failed",
      code: 1,
    });
    expect(report([module(true, "passed")], [], null)).toMatchObject({
      line: "1 passed, 1 failed",
      code: 1,
    });
    expect(report([], [], 0)).toMatchObject({ line: "0 passed, 1 failed", code: 1 });
    expect(closingLine(join(folder, "none"), 0)).toMatchObject({
      line: "0 passed, 1 failed",
      code: 1,
    });
  });

  it("fails when a test failed although vitest's exit code is 0", () => {
    writeFileSync(file, JSON.stringify({ passed: 3, failed: 2, skipped: 0 }));
    expect(closingLine(file, 0)).toMatchObject({ line: "3 passed, 2 failed", code: 1 });
  });
});
