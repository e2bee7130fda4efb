// The parts of `npm start`, with few steps: their runs, their output, and the estimate of the time left.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { silentProgress } from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { startParts } from "../../scripts/start/parts.mjs";
import { readOptions, runParts } from "../../scripts/start/whole.mjs";
import { TimeLeft } from "../../scripts/time-left.mjs";
import { scratch } from "./cli.js";

const folder = scratch();
beforeAll(() => setNumThreads(1));

/** Overrides that make each part short. */
const shortOverrides: Record<string, object> = {
  rivers: { n_ipf: 1, first_num_iter: 20, num_iter: 20, max_minutes: null },
  digits: {
    first_num_iter: 2,
    num_iter: 2,
    num_steps: 2,
    cache_npar: 256,
    test_npar: 40,
    "data.n_test": 60,
  },
  gaussian: { inner_iters: 3, outer_iters: 2, n_train: 200, n_test: 100 },
};

describe("npm start", () => {
  it.each(startParts)("$name ends with its result, its report and what it missed", async (part) => {
    const lines: string[] = [];
    const run = () =>
      runParts(
        [part],
        { experiments_dir: folder, threads: 1, plot_level: 0, ...shortOverrides[part.name] },
        { log: (line: string) => void lines.push(line), screen: silentProgress },
      );
    expect(await run()).toBe(true);
    const text = lines.join("\n");
    const report = join(folder, `start_${part.name}/defaults/42/report.html`);
    expect(existsSync(report)).toBe(true);
    expect(text).toContain(`\n${part.name}: ${part.about}\n`);
    expect(text).toMatch(/^(Missed: .+ goal: .+|All parts reached their goals)\.$/m);
    expect(lines.at(-1)).toBe(`  ${report}`);
    // A second call trains nothing and says the same.
    const first = lines.splice(0);
    expect(await run()).toBe(true);
    expect(lines).toEqual(first);
  });

  it("takes the seed, threads, the device and a folder, and refuses other options", () => {
    expect(readOptions(["seed=3", "threads=1"])).toEqual({ seed: 3, threads: 1 });
    expect(() => readOptions(["dim=5"])).toThrow(/^dim=5: npm start takes seed=, threads=/);
  });
});

describe("the time left", () => {
  it("is the planned time of all tasks at the pace of the tasks before", () => {
    let now = 0;
    const tasks = [{ seconds: 10 }, { seconds: 20 }, { seconds: 30 }] as const;
    const time = new TimeLeft(tasks, () => now);
    time.begin();
    expect(time.of(tasks[0])).toBe(60);
    now = 20; // twice as slow as planned
    time.end(tasks[0]);
    time.begin();
    expect(time.of(tasks[1])).toBe(100);
    now = 30;
    expect(time.of(tasks[1])).toBe(90);
    // The task itself expects more.
    expect(time.of(tasks[1], 45)).toBe(105);
  });
});
