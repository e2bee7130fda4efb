// A run from opening to reading: states, continuing, crashes, newer formats.
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCheckpoints } from "../../src/checkpoint/store.js";
import { writeFileAtomic } from "../../src/files/write.js";
import { formatVersion } from "../../src/run/info.js";
import { isFinished, listRuns, readRun } from "../../src/run/reader.js";
import { type OpenRunOptions, openRun } from "../../src/run/writer.js";
import { kill, runErrorOf, runUnprivileged, scratch, startScript } from "../support.js";

const options = (folder: string, more: Partial<OpenRunOptions> = {}): OpenRunOptions => ({
  folder,
  dsbm: "0.1.0",
  config: { dim: 5, lr: 1e-4 },
  config_yaml: "dim: 5\nlr: 1e-4\n",
  columns: ["half_iteration", "mean"],
  environment: { threads: 2 },
  ...more,
});

const newFolder = () => join(scratch(), "gaussian", "default", "1");

describe("openRun", () => {
  it("writes what readRun reads", () => {
    const folder = newFolder();
    const run = openRun(options(folder));
    expect(isFinished(folder)).toBe(false);
    expect(readRun(folder).info.state).toBe("running");
    run.appendResult({ half_iteration: 1, mean: -0.1 });
    run.appendMetric({ step: 10, loss: Number.NaN, rate: Number.POSITIVE_INFINITY });
    run.saveFile("models/10_f.safetensors", new Uint8Array(8));
    run.saveFile("models/2_b.safetensors", new Uint8Array(8));
    run.saveFile("figures/convergence.svg", "<svg/>");
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
    expect(Date.parse(read.info.ended as string)).toBeGreaterThanOrEqual(
      Date.parse(read.info.started),
    );
    expect(read.config).toEqual({ dim: 5, lr: 1e-4 });
    expect(readFileSync(read.paths.config_yaml, "utf8")).toBe("dim: 5\nlr: 1e-4\n");
    expect(read.results).toEqual([{ half_iteration: 1, mean: -0.1 }]);
    expect(read.metrics).toEqual([{ step: 10, loss: Number.NaN, rate: Number.POSITIVE_INFINITY }]);
    expect(read.models).toEqual([
      { half_iteration: 2, direction: "b", path: read.paths.model(2, "b") },
      { half_iteration: 10, direction: "f", path: read.paths.model(10, "f") },
    ]);
    expect(read.figures).toEqual([join(read.paths.figures, "convergence.svg")]);
    expect(isFinished(folder)).toBe(true);
    expect(existsSync(read.paths.lock)).toBe(false);
  });

  it("refuses a second run in the folder and frees it at the end", () => {
    const folder = newFolder();
    const run = openRun(options(folder));
    expect(runErrorOf(() => openRun(options(folder))).code).toBe("locked");
    run.interrupt("stopped by Ctrl-C");
    expect(readRun(folder).info).toMatchObject({
      state: "interrupted",
      reason: "stopped by Ctrl-C",
    });
    openRun(options(folder)).finish();
  });

  it("keeps a failure's reason in one line and refuses rows after the end", () => {
    const folder = newFolder();
    const run = openRun(options(folder));
    run.fail(new RangeError("loss is NaN\n  at step 3"));
    expect(readRun(folder).info).toMatchObject({
      state: "failed",
      reason: "RangeError: loss is NaN at step 3",
    });
    expect(runErrorOf(() => run.appendResult({ half_iteration: 1, mean: 0 })).code).toBe("closed");
    expect(runErrorOf(() => run.appendMetric({})).code).toBe("closed");
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
    const paths = readRun(folder).paths;
    expect(readRun(folder).info).toMatchObject({
      state: "interrupted",
      reason: "the process ended without a message",
    });
    appendFileSync(paths.metrics_jsonl, '{"step": 12');
    appendFileSync(paths.results_csv, "2,0.");
    const dead = readRun(folder);
    expect(dead.results).toEqual([{ half_iteration: 1, mean: 0.5 }]);
    expect(dead.metrics.map((m) => m.step)).toEqual(dead.metrics.map((_, i) => i));

    const run = openRun(options(folder));
    run.appendResult({ half_iteration: 2, mean: 0.25 });
    run.appendMetric({ step: "next" });
    run.finish();
    const { info, results, metrics } = readRun(folder);
    expect(info.started).toBe(dead.info.started);
    expect(info.resumed).toHaveLength(1);
    expect(results.map((row) => row.half_iteration)).toEqual([1, 2]);
    expect(metrics).toEqual([...dead.metrics, { step: "next" }]);
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
    // One that was killed lived until it wrote last.
    const killed = { ...lived, resumed: [at(2 * day)], ended: null, spent: 100 };
    writeFileSync(paths.run_json, JSON.stringify(killed));
    for (const path of [paths.run_json, paths.metrics_jsonl, paths.results_csv])
      utimesSync(path, 0, (2 * day) / 1000 + (path === paths.metrics_jsonl ? 7 : 3));
    openRun(options(folder)).finish();
    expect(readRun(folder).info.spent).toBe(107);
    openRun(options(folder, { mode: "restart" })).finish();
    expect(readRun(folder).info.spent).toBe(0);
  });

  it("rewinds to a step or a half-iteration, so that no row is doubled", () => {
    const folder = newFolder();
    const columns = ["half_iteration", "step", "mean"];
    const run = openRun(options(folder, { columns }));
    const steps = [
      [1, 100],
      [1, 200],
      [2, 100],
      [2, 200],
      [3, 100],
    ] as const;
    const log = ([half_iteration, step]: readonly [number, number]) => {
      run.appendMetric({ half_iteration, step, loss: step });
      run.appendResult({ half_iteration, step, mean: step });
    };
    steps.forEach(log);
    run.appendMetric({ note: "no numbers" });
    run.appendMetric({ half_iteration: 2, note: "no step" });
    run.appendMetric({ half_iteration: 3, note: "later, no step" });
    for (const n of [1, 2, 3]) run.saveFile(`models/${n}_b.safetensors`, "w");
    run.rewindTo({ half_iteration: 2, step: 150 });
    const place = (row: object) => Object.values(row).slice(0, 2);
    let read = readRun(folder);
    expect(read.results.map(place)).toEqual(steps.slice(0, 3));
    expect(read.metrics.map(place)).toEqual([...steps.slice(0, 3), ["no numbers"], [2, "no step"]]);
    expect(read.models.map((m) => m.half_iteration)).toEqual([1, 2]);
    steps.slice(3).forEach(log);
    // A row at the very step was written before the point was saved.
    run.rewindTo({ half_iteration: 3, step: 100 });
    read = readRun(folder);
    expect(read.results.map(place)).toEqual(steps);
    expect(new Set(read.metrics.map((row) => place(row).join())).size).toBe(read.metrics.length);
    // A whole half-iteration and what came after it.
    run.rewindTo({ half_iteration: 1, step: Number.POSITIVE_INFINITY });
    log([2, 300]);
    run.finish();
    read = readRun(folder);
    expect(read.results.map(place)).toEqual([...steps.slice(0, 2), [2, 300]]);
    expect(read.metrics.map(place)).toEqual([...steps.slice(0, 2), ["no numbers"], [2, 300]]);
    expect(read.models.map((m) => m.half_iteration)).toEqual([1]);
  });

  it("restarts without results, checkpoints, caches and pictures, and leaves other files", () => {
    const folder = newFolder();
    const first = openRun(options(folder));
    const { checkpoints, cache, samples, figures } = first.paths;
    const store = openCheckpoints(checkpoints, { dsbm: "0.1.0" });
    store.save({ id: "a", order: 1, milestone: true, facts: {}, files: { net: "w" } });
    store.save({ id: "b", order: 2, facts: {}, files: { net: "w" } });
    writeFileSync(join(checkpoints, "b", "net"), "damaged");
    for (const file of ["cache/x.npy", "cache/y.json", "samples/a.png", "samples/a.gif"]) {
      first.saveFile(file, "data");
    }
    first.saveFile("figures/loss.svg", "<svg/>");
    first.saveFile("models/1_b.safetensors", "w");
    first.appendResult({ half_iteration: 1, mean: 1 });
    const read = readRun(folder);
    expect(read.checkpoints.map(({ id, damage }) => [id, damage?.reason])).toEqual([
      ["a", undefined],
      ["b", "net has 7 bytes, expected 1"],
    ]);
    expect(read.samples).toEqual([first.paths.sample("a", "gif"), first.paths.sample("a", "png")]);
    // Replaced by a killed process just before the restart.
    const replaced = join(checkpoints, ".old-999999999-0123abcd-c");
    cpSync(join(checkpoints, "a"), replaced, { recursive: true });
    const mine = [
      join(checkpoints, "notes"),
      join(checkpoints, "mine", "weights"),
      join(cache, "notes.txt"),
      join(samples, "notes.txt"),
      join(figures, "notes.txt"),
      join(folder, "models", "mine.txt"),
    ];
    for (const file of mine) writeFileAtomic(file, "mine");
    const outside = join(scratch(), "point");
    openCheckpoints(outside, { dsbm: "0" }).save({ id: "z", order: 1, facts: {}, files: {} });
    symlinkSync(join(outside, "z"), join(checkpoints, "z"));
    first.interrupt("to be restarted");

    openRun(options(folder, { mode: "restart", columns: ["other"] })).finish();
    const { results, models, info } = readRun(folder);
    expect([results, models, info.resumed]).toEqual([[], [], []]);
    for (const file of mine) expect(readFileSync(file, "utf8")).toBe("mine");
    expect(readdirSync(checkpoints)).toEqual(["mine", "notes", "z"]);
    expect(existsSync(join(outside, "z", "manifest.json"))).toBe(true);
    expect([cache, samples, figures].flatMap((at) => readdirSync(at))).toEqual([
      "notes.txt",
      "notes.txt",
      "notes.txt",
    ]);
    expect(openCheckpoints(checkpoints, { dsbm: "0.1.0" }).newest().checkpoint).toBeNull();
  });

  it("removes what killed processes left in any of its folders", () => {
    const folder = newFolder();
    openRun(options(folder)).interrupt("killed");
    const left = ["checkpoints", "cache", "samples"].map((name) =>
      join(folder, name, ".tmp-999999999-0123abcd"),
    );
    for (const path of left) {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, "net"), "half");
    }
    openRun(options(folder)).finish();
    expect(left.filter((path) => existsSync(path))).toEqual([]);
  });

  it("frees the lock when opening fails", () => {
    const folder = newFolder();
    const config: Record<string, unknown> = {};
    config.self = config;
    expect(runErrorOf(() => openRun(options(folder, { config }))).code).toBe("bad_argument");
    openRun(options(folder)).finish();
  });

  it("does not bring back a folder that was deleted, nor ends another's run", () => {
    for (const end of ["finish", "interrupt", "fail"] as const) {
      const folder = newFolder();
      const run = openRun(options(folder));
      rmSync(folder, { recursive: true });
      expect(runErrorOf(() => run.saveFile("samples/a.png", "")).message).toMatch(/was deleted/);
      if (end === "finish") expect(runErrorOf(() => run.finish()).code).toBe("locked");
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

  it("refuses files outside the folder", () => {
    const run = openRun(options(newFolder()));
    for (const name of ["../x", "/tmp/x", "a/../../x", ""]) {
      expect(runErrorOf(() => run.saveFile(name, "")).code).toBe("bad_argument");
    }
    run.finish();
  });

  it("names the problem of a folder that cannot be written", () => {
    const said = runUnprivileged(
      `import { openRun } from "./runs/run/writer.js";
       try { openRun({ folder: process.argv[2], dsbm: "0", config: {}, columns: ["a"] }); }
       catch (error) { console.log(error.code, error.message); }`,
      join(scratch(), "experiments", "1"),
    );
    expect(said).toMatch(/^permission cannot make the folder .*\n$/);
  });
});

describe("reading", () => {
  it("names the version that wrote a newer format", () => {
    const folder = newFolder();
    openRun(options(folder)).finish();
    const path = join(folder, "run.json");
    writeFileSync(path, JSON.stringify({ format: formatVersion + 1, dsbm: "9.8.7" }));
    for (const read of [readRun, isFinished, (f: string) => openRun(options(f))]) {
      const error = runErrorOf(() => read(folder));
      expect(error.code).toBe("newer_format");
      expect(error.message).toMatch(/dsbm 9\.8\.7.*update dsbm/);
    }
    expect(readFileSync(path, "utf8")).toContain("9.8.7");
  });

  it("distinguishes a folder without a run from a damaged run", () => {
    const folder = newFolder();
    expect(runErrorOf(() => readRun(folder)).code).toBe("not_a_run");
    expect(isFinished(folder)).toBe(false);
    mkdirSync(folder, { recursive: true });
    for (const text of ["{", "null", "{}", '{"format":1,"state":"asleep"}']) {
      writeFileSync(join(folder, "run.json"), text);
      expect(runErrorOf(() => readRun(folder)).code).toBe("corrupt");
    }
  });

  it("lists all runs below a folder, broken ones with their problem", () => {
    const root = scratch();
    const folders = ["gaussian/dim=5/1", "gaussian/dim=5/2", "train/default/42"];
    for (const folder of folders) openRun(options(join(root, folder))).finish();
    writeFileSync(join(root, "gaussian/dim=5/2/run.json"), "{");
    writeFileSync(join(root, "notes.txt"), "");
    const runs = listRuns(root);
    expect(runs.map((run) => run.folder)).toEqual(folders.map((folder) => join(root, folder)));
    expect(runs.map((run) => run.info?.state ?? run.problem?.code)).toEqual([
      "finished",
      "corrupt",
      "finished",
    ]);
    expect(listRuns(join(root, "nothing here"))).toEqual([]);
  });
});
