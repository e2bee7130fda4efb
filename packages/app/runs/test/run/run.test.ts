// A run from opening to reading: states, continuing, crashes, damage, newer formats, and finding it.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder, sha256, writeFileAtomic } from "@dsbm/files";
import { describe, expect, it } from "vitest";
import { openCheckpoints } from "../../src/checkpoint/checkpoints.js";
import { checkFiles, parseModelName, runFolder, writeRunFile } from "../../src/run/layout.js";
import { findRun, isFinished, linkLatest, listRuns, readRun } from "../../src/run/reader.js";
import { formatVersion } from "../../src/run/run-info.js";
import { type OpenRunOptions, openRun } from "../../src/run/writer.js";
import { faultOf, kill, scratch, startScript } from "../support.js";

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
    const next = openRun(options(folder));
    next.fail(new RangeError("loss is NaN\n  at step 3"));
    const failed = { state: "failed", reason: "RangeError: loss is NaN at step 3" };
    expect(readRun(folder).info).toMatchObject(failed);
    expect(faultOf(() => next.appendResult({ half_iteration: 1, mean: 0 })).code).toBe("closed");
    expect(faultOf(() => next.appendMetric({})).code).toBe("closed");
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

describe("checksums", () => {
  const checked = ["config.json", "config.yaml", "data.json", "models/1_b.safetensors"];
  const finishedRun = () => {
    const folder = newFolder();
    const run = openRun(options(folder));
    run.saveFile("data.json", '{"rows": 3}');
    run.saveFile("models/1_b.safetensors", "weights");
    run.saveFile("figures/loss.svg", "<svg/>");
    run.finish();
    return folder;
  };

  it.each(checked)("find a changed bit in %s", (file) => {
    const folder = finishedRun();
    checkFiles(folder);
    const path = join(folder, file);
    const bytes = readFileSync(path);
    for (const i of [0, bytes.length >> 1, bytes.length - 1]) {
      const bad = Buffer.from(bytes);
      bad[i] ^= 1;
      writeFileSync(path, bad);
      const error = faultOf(() => checkFiles(folder));
      expect([error.code, error.message]).toEqual([
        "corrupt",
        expect.stringMatching(/^[^\n]* is damaged \(its sha256 is .*\): [^\n]+$/),
      ]);
    }
    if (file === "config.json") expect(faultOf(() => readRun(folder)).code).toBe("corrupt");
  });

  it("list the files of the run alone, neither deleted nor half-written ones", () => {
    const folder = finishedRun();
    appendFileSync(join(folder, "figures/loss.svg"), " ");
    appendFileSync(join(folder, "results.csv"), "2,3\n");
    rmSync(join(folder, "models/1_b.safetensors"));
    function* killed(): Iterable<Uint8Array> {
      yield Buffer.from("a");
      throw new Error("killed here");
    }
    expect(() => writeRunFile(folder, "config.yaml", killed())).toThrow("killed here");
    writeFileSync(join(folder, "config.yaml"), "a");
    appendFileSync(join(folder, "manifest.jsonl"), '{"file":"config.js');
    checkFiles(folder);
  });

  it("of earlier versions are read, and a damaged line is named", () => {
    const folder = finishedRun();
    const path = join(folder, "manifest.jsonl");
    const old = { file: "data.json", size: 11, sha256: sha256('{"rows": 3}'), check: "0a1b2c3d" };
    const figure = { file: "figures/loss.svg", size: 1, sha256: sha256("-") };
    writeFileSync(path, `${JSON.stringify(old)}\n${JSON.stringify(figure)}\n`);
    checkFiles(folder);
    writeFileSync(join(folder, "data.json"), '{"rows": 4}');
    expect(faultOf(() => checkFiles(folder)).message).toMatch(/data\.json is damaged/);
    writeFileSync(path, '{"file\n');
    expect(faultOf(() => checkFiles(folder)).message).toMatch(/line 1 of .* is not valid JSON/);
  });
});

describe("reading", () => {
  it("names the version that wrote a newer format, and tells no run from a damaged run", () => {
    const folder = newFolder();
    expect(faultOf(() => readRun(folder)).code).toBe("not_a_run");
    expect(isFinished(folder)).toBe(false);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, "run.json");
    for (const text of ["{", "null", "{}", '{"format":1,"state":"asleep"}']) {
      writeFileSync(path, text);
      expect(faultOf(() => readRun(folder)).code).toBe("corrupt");
    }
    writeFileSync(path, JSON.stringify({ format: formatVersion + 1, dsbm: "9.8.7" }));
    for (const read of [readRun, isFinished, (f: string) => openRun(options(f))]) {
      const error = faultOf(() => read(folder));
      expect(error.code).toBe("newer_format");
      expect(error.message).toMatch(/dsbm 9\.8\.7.*update dsbm/);
    }
  });

  it("lists all runs below a folder, broken ones too", () => {
    const root = scratch();
    const folders = ["gaussian/dim=5/1", "gaussian/dim=5/2", "train/default/42"];
    for (const folder of folders) openRun(options(join(root, folder))).finish();
    writeFileSync(join(root, "gaussian/dim=5/2/run.json"), "{");
    const runs = listRuns(root);
    expect(runs).toEqual(folders.map((folder) => join(root, folder)));
  });
});

describe("names", () => {
  it("of folders are experiments_dir/name/overrides/seed and stay in there", () => {
    const place = { experiments_dir: "experiments", name: "gaussian", seed: 1 };
    const latest = { ...place, name: "latest", overrides: "dim=5" };
    expect(faultOf(() => runFolder(latest)).message).toMatch(/^name=latest is the link/);
    expect(runFolder({ ...place, overrides: "dim=5" })).toBe("experiments/gaussian/dim=5/1");
    for (const overrides of ["", "..", "a/b", ".hidden", "a\0b", "x".repeat(300)])
      expect(faultOf(() => runFolder({ ...place, overrides })).message).toMatch(/^overrides is/);
    expect(parseModelName("12_f.safetensors")).toEqual({ half_iteration: 12, direction: "f" });
    expect(parseModelName("12_x.safetensors")).toBeUndefined();
  });

  it("of runs are their folder, one above the only run, or latest", () => {
    const root = scratch();
    const experiments_dir = join(root, "experiments");
    const run = (name: string, seconds: number) => {
      const folder = join(experiments_dir, name);
      openRun(options(folder)).finish();
      utimesSync(join(folder, "run.json"), seconds, seconds);
      return folder;
    };
    const first = run("a/words/42", 1000);
    for (const path of [first, experiments_dir, join(experiments_dir, "a")])
      expect(findRun(path)).toBe(first);
    const second = run("b/words/42", 3000);
    const third = run("a/other/42", 2000);
    expect(findRun("latest", { experiments_dir })).toBe(second);
    linkLatest(experiments_dir, second);
    for (const link of ["latest", "latest/"])
      expect(findRun(`${experiments_dir}/${link}`)).toBe(second);
    mkdirSync(join(root, "empty"));
    writeFileSync(join(root, "file"), "");
    for (const [path, message] of [
      [experiments_dir, `holds 3 runs: give the folder of one run: ${second}, ${third}, ${first}`],
      [join(root, "empty"), "there is no run in"],
      [join(root, "file"), "there is no folder"],
      [join(root, "none"), "there is no folder"],
    ])
      expect(faultOf(() => findRun(path)).message).toContain(message);
  });
});
