// `npm run bench`: its planned time, and its file of rows, which a stopped benchmark continues.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bestRun, ratiosOf, select } from "../../bench/benchmarks.mjs";
import { RowFile } from "../../bench/row-file.mjs";
import { scratch } from "../support/scratch.js";

const root = join(import.meta.dirname, "../..");
const folder = scratch();
const identity = { commit: "a1", machine: "m", device: "cpu", python: null, before: null };
const entryOf = (name: string, rounds = 1, problems: string[] = []) => ({
  ...{ row: { name }, rounds, problems, threads: [1, null], said: [], about: null },
});

describe("npm run bench", () => {
  it("plans at most 15 minutes for all rows", () => {
    const seconds = select(undefined).map((row) => row.seconds);
    expect(Math.min(...seconds)).toBeGreaterThan(0);
    expect(seconds.reduce((a, b) => a + b)).toBeLessThanOrEqual(900);
  });

  it("keeps each row, without rows of a failed side, for the same commit and machine", () => {
    const path = join(folder, "deep/rows.json");
    const file = new RowFile(path, identity);
    file.add(entryOf("adam_step", 2));
    file.add(entryOf("conv3x3", 2, ["no memory"]));
    const again = new RowFile(path, identity);
    expect(again.reset).toBeNull();
    expect(again.entry("adam_step")).toEqual(entryOf("adam_step", 2));
    expect(again.entry("adam_step", 3)).toBeUndefined();
    expect(again.entry("conv3x3")).toBeUndefined();
    const other = new RowFile(path, { ...identity, commit: "b2" });
    expect(other.reset).toMatch(/has rows of commit a1, .* now commit b2, .* measured again$/);
    expect(other.entry("adam_step")).toBeUndefined();
  });

  it("compares the turns of the same rounds, whatever the machine does between them", () => {
    const runOf = (threads: number, rounds: [number, number[]][]) => ({
      ...{ threads, peaks: [1], values: new Map(rounds) },
    });
    // The machine is ten times slower in the second round; the other side takes twice as long, and fails in the third round.
    const ours = runOf(1, [
      [1, [1, 2, 1]],
      [2, [10, 20, 10]],
      [3, [1]],
    ]);
    const other = runOf(2, [
      [1, [2, 4, 2]],
      [2, [20, 40]],
    ]);
    expect(ratiosOf(ours, other)).toEqual([2, 2, 2, 2, 2]);
    expect(bestRun([other, ours])).toMatchObject({ threads: 1, value: 1 });
  });

  it("says how long it takes, and measures no row twice", () => {
    const path = join(folder, "bench.json");
    const args = ["bench/bench.mjs", "--only", "op_overhead", "--rounds", "1", "--json", path];
    const run = () => spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    const first = run();
    expect(first.status, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/^1 rows; about a minute on two quiet cores$/m);
    expect(first.stderr).toMatch(/^\[1\/1\] op_overhead: /m);
    const text = readFileSync(path, "utf8");
    const second = run();
    expect(second.stderr).toMatch(/^1 rows, 1 of them in .* already/m);
    expect(second.stderr).not.toContain("[1/1]");
    expect(second.stdout.split("\n")[1]).toBe(first.stdout.split("\n")[1]);
    expect(readFileSync(path, "utf8")).toBe(text);
  });
});
