// Reading runs: checksums, damaged and newer runs, their names.
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { sha256 } from "@dsbm/files";
import { describe, expect, it } from "vitest";
import { checkFiles, writeRunFile } from "../../src/run/checksums.js";
import { parseModelName, runFolder } from "../../src/run/layout.js";
import { type Quality, readQuality, writeQuality } from "../../src/run/quality.js";
import { findRun, isFinished, linkLatest, listRuns, readRun } from "../../src/run/reader.js";
import { formatVersion } from "../../src/run/run-info.js";
import { openRun } from "../../src/run/writer.js";
import { faultOf, newFolder, options, scratch } from "../support.js";

describe("checksums", () => {
  const checked = [
    "config.json",
    "config.yaml",
    "data.json",
    "models/1_b.safetensors",
    "results.csv",
    "held_out.csv",
  ];
  const finishedRun = () => {
    const folder = newFolder();
    const run = openRun(options(folder));
    run.saveFile("data.json", '{"rows": 3}');
    run.saveFile("models/1_b.safetensors", "weights");
    run.saveFile("held_out.csv", "dataset,file,sample\nsource,s.csv,3\n");
    run.saveFile("figures/loss.svg", "<svg/>");
    run.appendResult({ half_iteration: 1, mean: 0.5 });
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

  it("find a changed digit in quality.json, which an evaluation writes again", () => {
    const folder = finishedRun();
    const quality = { seed: 1, n: 10, rows: [], verdicts: [] } as unknown as Quality;
    writeQuality(folder, quality);
    const path = join(folder, "quality.json");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace('"n": 10', '"n": 70'));
    const { code, message } = faultOf(() => readQuality(folder));
    expect([code, message]).toEqual([
      "corrupt",
      expect.stringMatching(/quality\.json is damaged .*npx dsbm evaluate \S+$/),
    ]);
    checkFiles(folder);
    writeQuality(folder, quality);
    expect(() => readQuality(folder)).not.toThrow(/damaged/);
  });

  it("let results.csv grow in a run that continues", () => {
    const folder = finishedRun();
    const run = openRun(options(folder));
    appendFileSync(join(folder, "results.csv"), "2,0.25\n");
    expect(readRun(folder).results).toHaveLength(2);
    run.finish();
    checkFiles(folder);
  });

  it("list the files of the run alone, neither deleted nor half-written ones", () => {
    const folder = finishedRun();
    appendFileSync(join(folder, "figures/loss.svg"), " ");
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
    for (const line of ['{"name":"a"}', "[1]", "7"]) {
      writeFileSync(path, `${line}\n`);
      const { code, message } = faultOf(() => checkFiles(folder));
      expect([code, message]).toEqual([
        "corrupt",
        expect.stringContaining("delete its damaged lines"),
      ]);
    }
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
