// A run folder from its start to its end: continued, rewound, restarted, locked.
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder, UserError, writeFileAtomic } from "@dsbm/files";
import { describe, expect, it } from "vitest";
import { openCheckpoints } from "../../src/checkpoint/checkpoints.js";
import { RunError } from "../../src/errors.js";
import { checkFiles } from "../../src/run/checksums.js";
import { findRun, isFinished, listRuns, readRun } from "../../src/run/reader.js";
import { formatVersion } from "../../src/run/run-info.js";
import { type OpenRunOptions, openRun } from "../../src/run/writer.js";
import { faultOf, kill, newFolder, options, scratch, startScript } from "../support.js";

describe("openRun", () => {
  it("writes a run that readRun reads", () => {
    const folder = newFolder();
    const run = openRun(options(folder));
    expect(isFinished(folder)).toBe(false);
    expect(readRun(folder).info.state).toBe("running");
    run.appendResult({ half_iteration: 1, mean: -0.1 });
    run.appendMetric({ step: 10, loss: Number.NaN, rate: Number.POSITIVE_INFINITY });
    run.saveFile("models/10_f.safetensors", new Uint8Array(8));
    run.saveFile("models/2_b.safetensors", new Uint8Array(8));
    run.finish();
    run.interrupt("too late: the first end counts");
    const read = readRun(folder);
    expect(read.info).toMatchObject({
      format: formatVersion,
      dsbm: "0.1.0",
      state: "finished",
      reason: null,
      resumed: [],
      environment: { threads: 2 },
    });
    expect(read.config).toEqual({ dim: 5, lr: 1e-4 });
    expect(readFileSync(read.paths.config_yaml, "utf8")).toBe("dim: 5\nlr: 1e-4\n");
    expect(read.results).toEqual([{ half_iteration: 1, mean: -0.1 }]);
    expect(read.metrics).toEqual([{ step: 10, loss: Number.NaN, rate: Number.POSITIVE_INFINITY }]);
    expect(read.models).toEqual([
      { half_iteration: 2, direction: "b", path: read.paths.model(2, "b") },
      { half_iteration: 10, direction: "f", path: read.paths.model(10, "f") },
    ]);
    expect(isFinished(folder)).toBe(true);
    expect(existsSync(read.paths.lock)).toBe(false);
  });

  it("refuses a second run, keeps the reason of an end in one line, and takes no rows after it", () => {
    const folder = newFolder();
    const run = openRun(options(folder));
    expect(faultOf(() => openRun(options(folder))).code).toBe("locked");
    run.interrupt("stopped by Ctrl-C");
    const stopped = { state: "interrupted", reason: "stopped by Ctrl-C" };
    expect(readRun(folder).info).toMatchObject(stopped);
    const aborted = openRun(options(folder));
    aborted.fail(new DOMException("aborted", "AbortError"));
    expect(readRun(folder).info.state).toBe("interrupted");
    const next = openRun(options(folder));
    next.fail("loss is NaN");
    expect(readRun(folder).info).toMatchObject({ state: "failed", reason: "loss is NaN" });
    expect(faultOf(() => next.appendResult({ half_iteration: 1, mean: 0 })).code).toBe("closed");
    expect(faultOf(() => next.appendMetric({})).code).toBe("closed");
  });

  it.each([
    [new UserError("the loss is NaN\n  at step 3"), "the loss is NaN at step 3"],
    [new RunError("corrupt", "a.json is damaged"), "a.json is damaged"],
    [new RangeError("index 3\n  of 2"), "RangeError: index 3 of 2"],
  ])("that fails with %s keeps the reason %j: only bugs name their class", (error, reason) => {
    const folder = newFolder();
    openRun(options(folder)).fail(error);
    expect(readRun(folder).info).toMatchObject({ state: "failed", reason });
  });

  it("is continued after kill -9 with whole lines, and listed as interrupted before", async () => {
    const folder = newFolder();
    const child = await startScript(
      `import { openRun } from "./runs/run/writer.js";
       const columns = ["half_iteration", "mean"];
       const run = openRun({ folder: process.argv[2], dsbm: "0.1.0", config: {}, columns });
       run.appendResult({ half_iteration: 1, mean: 0.5 });
       console.log("ready");
       for (let step = 0; ; step++) run.appendMetric({ half_iteration: 1, step });`,
      folder,
    );
    await kill(child);
    const { paths, info: before } = readRun(folder);
    const reason = "the process ended without a message";
    expect(before).toMatchObject({ state: "interrupted", reason });
    appendFileSync(paths.metrics_jsonl, '{"step": 12');
    appendFileSync(paths.results_csv, "2,0.");
    const { metrics: steps, ...dead } = readRun(folder);
    expect(dead.results).toEqual([{ half_iteration: 1, mean: 0.5 }]);
    expect(steps.map((m) => m.step)).toEqual(steps.map((_, i) => i));
    const run = openRun(options(folder));
    run.appendResult({ half_iteration: 2, mean: 0.25 });
    run.appendMetric({ step: "next" });
    run.finish();
    const { info, results, metrics } = readRun(folder);
    expect([info.started, info.resumed.length]).toEqual([dead.info.started, 1]);
    expect(results.map((row) => row.half_iteration)).toEqual([1, 2]);
    expect(metrics).toEqual([...steps, { step: "next" }]);
  });

  it("counts the seconds of earlier processes, without the time between them", () => {
    const folder = newFolder();
    openRun(options(folder)).finish();
    const { paths, info } = readRun(folder);
    const day = 86_400_000;
    const at = (ms: number) => new Date(ms).toISOString();
    const lived = { ...info, started: at(day), ended: at(day + 100_000) };
    writeFileSync(paths.run_json, JSON.stringify(lived));
    openRun(options(folder)).finish();
    expect(readRun(folder).info.spent).toBe(100);
    // A killed process lived until it wrote last.
    const killed = { ...lived, resumed: [at(2 * day)], ended: null, spent: 100 };
    writeFileSync(paths.run_json, JSON.stringify(killed));
    for (const path of [paths.run_json, paths.metrics_jsonl, paths.results_csv])
      utimesSync(path, 0, (2 * day) / 1000 + (path === paths.metrics_jsonl ? 7 : 3));
    openRun(options(folder)).finish();
    expect(readRun(folder).info.spent).toBe(107);
  });

  it("rewinds to a step or a half-iteration, so that no row is doubled", () => {
    const folder = newFolder();
    const run = openRun(options(folder, { columns: ["half_iteration", "step", "mean"] }));
    const steps: [number, number][] = [
      [1, 100],
      [1, 200],
      [2, 100],
      [2, 200],
      [3, 100],
    ];
    const log = ([half_iteration, step]: [number, number]) => {
      run.appendMetric({ half_iteration, step, loss: step });
      run.appendResult({ half_iteration, step, mean: step });
    };
    steps.forEach(log);
    run.appendMetric({ note: "no numbers" });
    run.appendMetric({ half_iteration: 3, note: "later, no step" });
    for (const n of [1, 2, 3]) run.saveFile(`models/${n}_b.safetensors`, "w");
    const place = (row: object) => Object.values(row).slice(0, 2);
    const expectRows = (rows: unknown[], models: number[]) => {
      const read = readRun(folder);
      expect(read.results.map(place)).toEqual(rows);
      expect(read.metrics.map(place).filter((row) => row.length === 2)).toEqual(rows);
      expect(read.models.map((model) => model.half_iteration)).toEqual(models);
    };
    run.rewindTo({ half_iteration: 2, step: 150 });
    expectRows(steps.slice(0, 3), [1, 2]);
    steps.slice(3).forEach(log);
    // A row at the very step was written before the point was saved.
    run.rewindTo({ half_iteration: 3, step: 100 });
    expectRows(steps, [1, 2]);
    run.rewindTo({ half_iteration: 1, step: Number.POSITIVE_INFINITY });
    log([2, 300]);
    run.finish();
    expectRows([...steps.slice(0, 2), [2, 300]], [1]);
  });

  it("restarts without the earlier run, which moves to previous/ with the user's files in its folders", () => {
    const folder = newFolder();
    const written = ["samples/a.png", "samples/a_points.json", "figures/b.svg", "data.json"];
    const begin = (weights: string, more: Partial<OpenRunOptions> = {}) => {
      const run = openRun(options(folder, more));
      const point = { order: 1, facts: {}, files: { net: weights } };
      openCheckpoints(run.paths.checkpoints, { dsbm: "0.1.0" }).save({ ...point, id: "a" });
      for (const file of [...written, "cache/x.npy"]) run.saveFile(file, weights);
      run.saveFile("models/1_b.safetensors", weights);
      return run;
    };
    const first = begin("first");
    const { previous } = first.paths;
    const mine = ["samples/notes.txt", "figures/notes.txt"];
    const apart = ["cache/notes.txt", "notes.txt"];
    for (const file of [...mine, ...apart]) writeFileAtomic(join(folder, file), "mine");
    first.appendResult({ half_iteration: 1, mean: 1 });
    first.interrupt("to be restarted");
    const again = { mode: "restart", columns: ["other"] } as const;
    openRun(options(folder, again)).finish();
    const { results, models, info } = readRun(folder);
    expect([results, models, info.resumed]).toEqual([[], [], []]);
    const places = [...mine.map((file) => join("previous", file)), ...apart];
    for (const file of places) expect(readFileSync(join(folder, file), "utf8")).toBe("mine");
    expect(readdirSync(join(folder, "cache"))).toEqual(["notes.txt"]);
    const expectKept = (weights: string) => {
      checkFiles(previous);
      const kept = readRun(previous);
      expect([kept.models.length, kept.checkpoints.length]).toEqual([1, 1]);
      expect(written.map((file) => readFileSync(join(previous, file), "utf8"))).toEqual(
        written.map(() => weights),
      );
    };
    expectKept("first");
    // A run without weights does not take the place of one with them.
    openRun(options(folder, again)).finish();
    expectKept("first");
    begin("second", again).finish();
    expectKept("first");
    openRun(options(folder, again)).finish();
    expectKept("second");
    expect(listRuns(folder)).toHaveLength(1);
  });

  const places = ["log.txt", "manifest.jsonl", "results.csv", "metrics.jsonl", "metrics.csv"];
  const folders = ["figures", "samples", "models", "checkpoints", "checkpoints/a", "cache", "test"];
  it.each([...places, ...folders, "samples/a.png"])("%s as a link is refused", (name) => {
    const folder = newFolder();
    const run = openRun(options(folder));
    run.saveFile("samples/b.png", "");
    run.finish();
    const outside = join(scratch(), "outside");
    writeFileAtomic(join(outside, "1_b.safetensors"), "kept");
    const path = join(folder, name);
    makeFolder(dirname(path));
    rmSync(path, { recursive: true, force: true });
    symlinkSync(folders.includes(name) ? outside : join(outside, "1_b.safetensors"), path);
    const refused: [string, () => unknown][] = [
      ["continue", () => openRun(options(folder))],
      ["restart", () => openRun(options(folder, { mode: "restart" }))],
      ["find", () => findRun(folder)],
    ];
    for (const [how, act] of refused)
      expect([how, faultOf(act)]).toEqual([how, expect.objectContaining({ code: "is_link" })]);
    expect(faultOf(() => findRun(folder)).message).toContain(`${path} is a link`);
    expect(readdirSync(outside)).toEqual(["1_b.safetensors"]);
    expect(readFileSync(join(outside, "1_b.safetensors"), "utf8")).toBe("kept");
  });

  it("neither restores a deleted folder nor ends the run of another process", () => {
    for (const end of ["finish", "interrupt", "fail"] as const) {
      const folder = newFolder();
      const run = openRun(options(folder));
      rmSync(folder, { recursive: true });
      expect(faultOf(() => run.saveFile("samples/a.png", "")).message).toMatch(/was deleted/);
      expect(faultOf(() => run.flush()).message).toMatch(/was deleted/);
      if (end === "finish") expect(faultOf(() => run.finish()).code).toBe("locked");
      else run[end]("over");
      expect(existsSync(folder)).toBe(false);
    }
    const folder = newFolder();
    const first = openRun(options(folder));
    rmSync(first.paths.lock);
    const second = openRun(options(folder));
    first.interrupt("late");
    expect(readRun(folder).info.state).toBe("running");
    second.finish();
  });
});
