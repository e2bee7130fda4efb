// Every byte that changes after a run wrote it is found by whoever reads; nothing else is called damaged.
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loggers } from "../../src/logger/logger.js";
import { checkFiles, damagedFiles, writeRunFile } from "../../src/run/hashes.js";
import { readRun } from "../../src/run/reader.js";
import { openRun } from "../../src/run/writer.js";
import { runErrorOf, scratch } from "../support.js";

function finishedRun(): string {
  const folder = join(scratch(), "run");
  const run = openRun({ folder, dsbm: "0.1.0", config: { lr: 1e-4 }, columns: ["step", "loss"] });
  run.appendResult({ step: 1, loss: 0.5 });
  run.appendMetric({ half_iteration: 1, step: 1, loss: 0.5 });
  run.saveFile("models/1_b.safetensors", new Uint8Array(64));
  run.rewindTo({ half_iteration: 1, step: 1 });
  run.appendMetric({ half_iteration: 1, step: 2, loss: 0.25 });
  run.saveFile("models/1_b.safetensors", new Uint8Array(64).fill(1));
  run.finish();
  return folder;
}

const files = [
  ...["config.json", "config.yaml", "metrics.jsonl", "models/1_b.safetensors"],
  ...["results.csv", "run.json"],
];

describe("the manifest of a run", () => {
  it("knows all its files, and none of them as damaged", () => {
    const folder = finishedRun();
    const known = readFileSync(join(folder, "manifest.jsonl"), "utf8").trim().split("\n");
    expect([...new Set(known.map((line) => JSON.parse(line).file))].sort()).toEqual(files);
    expect(damagedFiles(folder)).toEqual([]);
  });

  it.each(files)("finds one bit that changed in %s, at any byte, and a cut", (file) => {
    const folder = finishedRun();
    const path = join(folder, file);
    const whole = readFileSync(path);
    for (let i = 0; i < whole.length; i += Math.ceil(whole.length / 16)) {
      const bad = Buffer.from(whole);
      bad[i] = (bad[i] as number) ^ (1 << (i % 8));
      writeFileSync(path, bad);
      expect(damagedFiles(folder)).toMatchObject([
        { file, reason: expect.stringContaining("sha256") },
      ]);
    }
    writeFileSync(path, whole);
    expect(damagedFiles(folder)).toEqual([]);
    truncateSync(path, whole.length - 1);
    expect(damagedFiles(folder)).toMatchObject([{ file }]);
    const error = runErrorOf(() => checkFiles(folder, [file]));
    expect(error.code).toBe("corrupt");
    expect(error.message).toMatch(/^[^\n]*is damaged \(it has \d+ bytes, and \d+ were written\)/);
  });

  it("is checked by whoever reads the run", () => {
    const folder = finishedRun();
    const path = join(folder, "results.csv");
    writeFileSync(path, readFileSync(path, "utf8").replace("0.5", "0.4"));
    expect(runErrorOf(() => readRun(folder)).message).toMatch(/results\.csv is damaged/);
  });

  it("lets files that grow have more than was recorded, and others not", () => {
    const folder = finishedRun();
    appendFileSync(join(folder, "metrics.jsonl"), '{"half_iteration":1,"step":3}\n');
    expect(damagedFiles(folder)).toEqual([]);
    appendFileSync(join(folder, "models/1_b.safetensors"), "x");
    expect(damagedFiles(folder)).toHaveLength(1);
  });

  it("takes a file that is gone, and one of an earlier version, for unchecked", () => {
    const folder = finishedRun();
    rmSync(join(folder, "models/1_b.safetensors"));
    expect(damagedFiles(folder)).toEqual([]);
    rmSync(join(folder, "manifest.jsonl"));
    writeFileSync(join(folder, "config.json"), "{}");
    expect(damagedFiles(folder)).toEqual([]);
  });

  it("outlives a line that a kill cut off, and names one that is damaged", () => {
    const folder = finishedRun();
    const path = join(folder, "manifest.jsonl");
    appendFileSync(path, '{"file":"config.js');
    expect(damagedFiles(folder)).toEqual([]);
    writeRunFile(folder, "report.html", "<html>");
    expect(damagedFiles(folder)).toEqual([]);
    writeFileSync(path, readFileSync(path, "utf8").replace('"size":6,', '"size":7,'));
    expect(runErrorOf(() => damagedFiles(folder)).message).toMatch(
      /^line \d+ of .*manifest\.jsonl is damaged: .* delete that line/,
    );
  });

  it("forgets a file before it is written again, so that a kill leaves it unchecked", () => {
    const folder = finishedRun();
    function* killed(): Iterable<Uint8Array> {
      yield Buffer.from("a");
      throw new Error("killed here");
    }
    expect(() => writeRunFile(folder, "config.yaml", killed())).toThrow("killed here");
    writeFileSync(join(folder, "config.yaml"), "a");
    expect(damagedFiles(folder)).toEqual([]);
  });

  it.each(["CSV", "JSONL", "TensorBoard"] as const)("knows what logger %s has flushed", (name) => {
    const folder = finishedRun();
    const file = { CSV: "metrics.csv", JSONL: "log.jsonl", TensorBoard: "tensorboard" }[name];
    const first = loggers[name](folder);
    first.log(1, { loss: 0.5 });
    first.flush();
    // A new column is a new file; a kill before its next flush leaves it unchecked.
    first.log(2, { loss: 0.25, rate: 3 });
    expect(damagedFiles(folder)).toEqual([]);
    first.close();
    const second = loggers[name](folder, { from: 2 });
    expect(damagedFiles(folder)).toEqual([]);
    second.log(2, { loss: 0.125, rate: 4 });
    second.close();
    second.close();
    expect(damagedFiles(folder)).toEqual([]);
    const isFolder = name === "TensorBoard";
    const paths = isFolder ? readdirSync(join(folder, file)).map((f) => `${file}/${f}`) : [file];
    expect(paths).toHaveLength(isFolder ? 2 : 1);
    for (const path of paths) {
      const bytes = readFileSync(join(folder, path));
      const at = isFolder ? bytes.length - 3 : bytes.lastIndexOf("4");
      bytes[at] = (bytes[at] as number) ^ 1;
      writeFileSync(join(folder, path), bytes);
    }
    expect(damagedFiles(folder).map((damaged) => damaged.file)).toEqual(paths);
    const third = loggers[name](folder, { from: 0 });
    third.log(0, { loss: 1 });
    third.close();
    expect(damagedFiles(folder)).toEqual([]);
  });

  it("is not made in a folder that is no run's", () => {
    const folder = scratch();
    const logger = loggers.CSV(folder, { from: 0 });
    logger.log(1, { loss: 0.5 });
    logger.close();
    expect(readdirSync(folder)).toEqual(["metrics.csv"]);
  });

  it("does not come back with a folder that was deleted", () => {
    const folder = join(scratch(), "run");
    const run = openRun({ folder, dsbm: "0.1.0", config: {}, columns: ["step"] });
    rmSync(folder, { recursive: true });
    expect(() => run.flush()).toThrow(/was deleted/);
    expect(() => run.appendResult({ step: 1 })).toThrow(/was deleted/);
    run.fail(new Error("the folder is gone"));
    expect(existsSync(folder)).toBe(false);
  });
});
