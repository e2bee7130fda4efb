// What a sweep leaves on disk: its manifest, its journal, the states that follow from them, and its table.
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseCsv } from "../src/files/csv.js";
import {
  type Evidence,
  findSweeps,
  formatCsv,
  memberStatus,
  openJournal,
  openRun,
  readManifest,
  readTraces,
  runPaths,
  type Status,
  summarise,
  sweepPaths,
  writeManifest,
} from "../src/index.js";
import { scratch } from "./support.js";

const fresh = () => join(scratch(), "run");
const open = (folder: string) =>
  openRun({ folder, dsbm: "0", config: {}, columns: ["half_iteration", "mean"] });

const evidence = (given: Partial<Evidence> = {}): Evidence => ({
  phase: "none",
  since: null,
  again: false,
  reason: null,
  stopped: false,
  lastLogLine: null,
  certain: false,
  ...given,
});

const entry = (number: number) => ({
  number,
  words: ["gaussian", `seed=${number}`],
  folder: `../../gaussian/defaults/${number}`,
  configuration: {},
  seed: number,
});
const manifest = {
  dsbm: "0.1.0",
  experiment: "gaussian",
  words: ["gaussian", "seed=1,2", "-m"],
  created: "2026-01-01T00:00:00.000Z",
  members: [entry(1), entry(2)],
};

describe("the folder of a sweep", () => {
  it("is found by its own name, and by that of the experiments", () => {
    const experiments = join(scratch(), "found");
    const folder = join(experiments, "sweeps", "a");
    writeManifest(folder, manifest);
    writeManifest(join(experiments, "sweeps", "b"), manifest);
    mkdirSync(join(experiments, "sweeps", "no-sweep"));
    expect(readManifest(folder)).toEqual({ format: 1, ...manifest });
    expect(findSweeps(folder)).toEqual([folder]);
    const both = [folder, join(experiments, "sweeps", "b")];
    expect(findSweeps(experiments)).toEqual(both);
    expect(findSweeps(join(experiments, "sweeps"))).toEqual(both);
  });

  it("is asked for where there is none, and refused where it is of another kind", () => {
    expect(() => findSweeps(join(scratch(), "nowhere"))).toThrow(
      /there is no folder .*nowhere: give/,
    );
    expect(() => findSweeps(scratch())).toThrow(/holds no sweep: give the folder of a sweep/);
    const folder = join(scratch(), "newer");
    writeManifest(folder, manifest);
    const path = sweepPaths(folder).manifest;
    writeFileSync(path, JSON.stringify({ ...manifest, format: 9 }));
    expect(() => readManifest(folder)).toThrow(/dsbm 0.1.0 in format 9, this version reads up to/);
    writeFileSync(path, "{}");
    expect(() => readManifest(folder)).toThrow(/is not as expected .*: delete it/);
  });
});

describe("the journal", () => {
  it("has the last phase of each member, a cut last line left out", () => {
    const path = join(scratch(), "journal.jsonl");
    expect(readTraces(path).size).toBe(0);
    const journal = openJournal(path);
    const launch = { event: "launch", launcher: "local", job: null, again: false } as const;
    journal.write({ ...launch, members: [1, 2, 3] });
    journal.write({ event: "start", member: 1 });
    journal.write({ event: "start", member: 2 });
    journal.write({ event: "end", member: 2, code: 1, why: "because" });
    journal.write({ ...launch, launcher: "slurm", job: "17", members: [3, 4], again: true });
    journal.close();
    appendFileSync(path, '{"time":"2026-01-01T00:00:00Z","event":"end","member":1');
    const traces = readTraces(path);
    expect(traces.get(1)).toMatchObject({ phase: "started", launcher: "local" });
    expect(traces.get(2)).toMatchObject({ phase: "ended", code: 1, why: "because" });
    expect(traces.get(3)).toMatchObject({ phase: "launched", job: "17", again: true });
    expect(traces.get(4)).toMatchObject({ phase: "launched", launcher: "slurm" });
  });
});

describe("a member is", () => {
  const later = new Date(Date.now() + 60_000).toISOString();
  const finished = (folder: string) => open(folder).finish();
  const failed = (folder: string) => open(folder).fail(new Error("the loss\nbecame NaN"));
  const stopped = (folder: string) => open(folder).interrupt("stopped by a signal");
  const unreadable = (folder: string) => {
    finished(folder);
    writeFileSync(runPaths(folder).run_json, "{");
  };
  const killed = (folder: string) => {
    open(folder);
    rmSync(runPaths(folder).lock);
  };
  /** The lock of another machine, whose process is gone: only the scheduler knows. */
  const elsewhere = (folder: string) => {
    open(folder);
    const owner = { process: "elsewhere-1-1", token: "" };
    writeFileSync(runPaths(folder).lock, JSON.stringify(owner));
  };
  const never = () => {};
  const nan = "Error: the loss became NaN";
  const limit = "the time limit was reached";
  const ended = { phase: "ended" } as const;

  const cases: [string, (folder: string) => void, Partial<Evidence>, Status["state"], unknown][] = [
    ["not begun", never, {}, "waiting", null],
    ["queued", never, { phase: "queued", reason: limit }, "waiting", limit],
    ["running, as its launcher says", never, { phase: "running" }, "running", null],
    ["running, as its lock says", open, {}, "running", null],
    ["finished", finished, {}, "done", null],
    ["finished and queued", finished, { phase: "queued" }, "done", null],
    ["queued again", finished, { phase: "queued", again: true, since: later }, "waiting", null],
    ["failed", failed, {}, "failed", nan],
    ["failed, with a log", failed, { ...ended, lastLogLine: "…" }, "failed", nan],
    ["failed again", failed, { ...ended, since: later, lastLogLine: "n" }, "failed", "n"],
    ["ended before it began", never, { ...ended, lastLogLine: "no data" }, "failed", "no data"],
    ["ended in silence", never, ended, "failed", "it ended without a message"],
    [
      "stopped before it began",
      never,
      { ...ended, stopped: true },
      "interrupted",
      expect.stringMatching(/before its run began/),
    ],
    ["failed, then told to stop", failed, { ...ended, stopped: true }, "failed", nan],
    ["locked by another machine", elsewhere, {}, "running", null],
    ["ended elsewhere", elsewhere, { ...ended, reason: limit, certain: true }, "failed", limit],
    ["stopped", stopped, {}, "interrupted", "stopped by a signal"],
    ["stopped at a limit", stopped, { ...ended, reason: limit }, "interrupted", limit],
    ["killed", killed, {}, "interrupted", "the process ended without a message"],
    ["killed and ended", killed, ended, "interrupted", expect.stringMatching(/was killed/)],
    ["not readable", unreadable, {}, "failed", expect.stringMatching(/not valid JSON/)],
  ];
  it.each(cases)("%s", (_, prepare, given, state, why) => {
    const folder = fresh();
    prepare(folder);
    expect(memberStatus(folder, evidence(given))).toEqual({ state, why });
  });
});

describe("the table", () => {
  const results = (dim: number, seed: number, values: (number | null)[]) => ({
    configuration: { dim },
    seed,
    rows: values.map((mean, i) => ({ half_iteration: i + 1, direction: "b", steps: 20, mean })),
  });

  it("has mean and standard deviation with n − 1 of each configuration and evaluation", () => {
    const table = summarise([
      results(5, 1, [1, 10]),
      results(2, 1, [0.5, 7]),
      results(5, 2, [2, 20]),
      results(5, 3, [6, 60]),
    ]);
    expect(table.columns).toEqual([
      "dim",
      "half_iteration",
      "direction",
      "steps",
      "seeds",
      "mean_mean",
      "mean_std",
    ]);
    const place = { direction: "b", steps: 20 };
    // 1, 2, 6: mean 3, squares 4 + 1 + 9 = 14 over 2.
    expect(table.rows).toEqual([
      { dim: 5, half_iteration: 1, ...place, seeds: 3, mean_mean: 3, mean_std: Math.sqrt(7) },
      { dim: 5, half_iteration: 2, ...place, seeds: 3, mean_mean: 30, mean_std: Math.sqrt(700) },
      { dim: 2, half_iteration: 1, ...place, seeds: 1, mean_mean: 0.5, mean_std: null },
      { dim: 2, half_iteration: 2, ...place, seeds: 1, mean_mean: 7, mean_std: null },
    ]);
    expect(parseCsv(formatCsv(table)).rows).toEqual(table.rows);
  });

  it("counts the seeds that have come so far, and leaves out what has no value", () => {
    const { rows } = summarise([results(5, 1, [1, null]), results(5, 2, [3])]);
    expect(rows).toMatchObject([
      { half_iteration: 1, seeds: 2, mean_mean: 2, mean_std: Math.SQRT2 },
      { half_iteration: 2, seeds: 1, mean_mean: null, mean_std: null },
    ]);
  });
});
