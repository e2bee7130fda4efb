// The table of runs: states, what changed, and that a scan reads only what has changed.
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { acquireLock } from "@dsbm/files";
import { describe, expect, it, vi } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { Folder } from "../src/files/inside.js";
import { RunTable } from "../src/runs/table.js";
import { metricLine, writeQuality, writeRun } from "./runs.js";

const root = scratch();

describe("the table of runs", () => {
  it("has a row for each run with state, progress, loss, and metrics with their references", () => {
    const at = join(root, "one");
    writeRun(join(at, "moons/defaults/1"));
    writeRun(join(at, "moons/defaults/2"), { state: "failed", reason: "no loss", seed: 2 });
    writeRun(join(at, "moons/defaults/3"), { state: "running", seed: 3 });
    mkdirSync(join(at, "moons/defaults/4"));
    writeFileSync(join(at, "moons/defaults/4/run.json"), "{");
    writeRun(join(at, "moons/defaults/5"), { state: "running", seed: 5 });
    const lock = acquireLock(join(at, "moons/defaults/5/.lock"));
    const rows = new RunTable(new Folder(at)).scan().rows;
    lock.release();
    expect(rows.map(({ id, state, reason }) => [id.slice(-1), state, reason])).toEqual([
      ["1", "finished", null],
      ["2", "failed", "no loss"],
      ["3", "interrupted", "the process ended without a message"],
      ["4", "unreadable", expect.stringContaining("JSON")],
      ["5", "running", null],
    ]);
    expect(rows[0]).toMatchObject({
      name: "moons",
      method: "dsbm",
      data: "moons → normal",
      seed: "1",
      seconds: 580,
      half: 2,
      halves: 2,
      step: 200,
    });
    expect(rows[0]?.metrics).toMatchObject([
      { title: "sliced 2-Wasserstein", direction: "f", value: 0.15, floor: 0.04 },
      { title: "sliced 2-Wasserstein", direction: "b", value: 0.11, floor: 0.04 },
    ]);
  });

  it("has the grade of each direction, with the bar of its metric if quality.json has its floor and ceiling", () => {
    const at = join(root, "graded");
    writeRun(join(at, "moons/defaults/1"));
    writeQuality(join(at, "moons/defaults/1"));
    const [{ grades } = { grades: [] }] = new RunTable(new Folder(at)).scan().rows;
    expect(grades).toMatchObject([
      { direction: "f", grade: "partial", text: "◐ most of the way", bar: { dot: { x: "48.0" } } },
      { direction: "b", bar: null },
    ]);
    expect(grades[0]?.bar?.text).toBe("W2: 50 % of the distance is left");
  });

  const rowOf = (at: string) => new RunTable(new Folder(at)).scan().rows[0];

  it.each([
    ["is cut", (text) => text.slice(0, -20), "is not valid JSON"],
    ["has NaN", (text) => text.replace('"value":0.5', '"value":NaN'), "is not valid JSON"],
    ["has a row without its value", (text) => text.replace('"value":0.5,', ""), "rows.0.value"],
    ["has an unknown grade", (text) => text.replace("partial", "superb"), "verdicts.0.grade"],
  ] as [string, (text: string) => string, string][])(
    "says, with the cure, if quality.json %s",
    (title, damage, said) => {
      const at = join(root, title);
      const path = join(at, "moons/1/quality.json");
      writeRun(join(at, "moons/1"));
      writeQuality(join(at, "moons/1"));
      const whole = readFileSync(path, "utf8");
      writeFileSync(path, damage(whole));
      const row = rowOf(at);
      expect(row.grades).toEqual([]);
      expect(row.problems).toEqual([expect.stringContaining(said)]);
      expect(row.problems[0]).toMatch(/: evaluate again with npx dsbm evaluate [^\n]*moons\/1'?$/);
      expect(row.metrics).toMatchObject([{ title: "sliced 2-Wasserstein" }, { direction: "b" }]);
      writeFileSync(path, whole);
      expect(rowOf(at)).toMatchObject({ problems: [], grades: [{ direction: "f" }, {}] });
    },
  );

  it.each(["config.json", "data.json", "columns.json", "results.csv"])(
    "says that a damaged %s cannot be read, and keeps the row",
    (file) => {
      const at = join(root, `damaged ${file}`);
      writeRun(join(at, "moons/1"));
      writeFileSync(join(at, "moons/1", file), '"\n');
      const { state, problems } = rowOf(at);
      expect([state, problems]).toEqual(["finished", [expect.stringContaining(file)]]);
    },
  );

  it.each([
    ["the evaluation", {}, [0.5]],
    ["the evaluation, if training measured nothing", { "results.csv": "direction,step\n" }, [0.5]],
    ["training, until there is an evaluation", { "quality.json": '{"rows":[]}' }, [0.15, 0.11]],
  ] as [string, Record<string, string>, number[]][])(
    "has the distances of %s",
    (title, files, values) => {
      const at = join(root, title);
      writeRun(join(at, "moons/1"));
      writeQuality(join(at, "moons/1"));
      for (const [name, text] of Object.entries(files))
        writeFileSync(join(at, "moons/1", name), text);
      expect(rowOf(at).metrics.map(({ value }) => value)).toEqual(values);
    },
  );

  it("reads only what has changed again", () => {
    const at = join(root, "three");
    for (const seed of [1, 2, 3]) writeRun(join(at, `moons/defaults/${seed}`), { seed });
    const folder = new Folder(at);
    const table = new RunTable(folder);
    const { rows } = table.scan();
    expect(rows).toHaveLength(3);
    const opened = vi.spyOn(folder, "open");
    expect(table.scan()).toEqual({ rows, left: 0, folder: folder.root });
    expect(opened).not.toHaveBeenCalled();
    appendFileSync(join(at, "moons/defaults/2/metrics.jsonl"), metricLine(2, 999));
    unlinkSync(join(at, "moons/defaults/3/run.json"));
    expect(table.scan().rows.map(({ id, step }) => [id.slice(-1), step])).toEqual([
      ["1", 200],
      ["2", 999],
    ]);
    expect(opened.mock.calls.map(([path]) => path)).toEqual(["moons/defaults/2/metrics.jsonl"]);
  });

  it("has the time of all processes of a run", () => {
    const at = join(root, "continued");
    writeRun(join(at, "moons/defaults/1"), { spent: 100, resumed: ["2026-11-26T04:19:00.000Z"] });
    const [row] = new RunTable(new Folder(at)).scan().rows;
    expect(row.seconds).toBe(100 + 40);
  });

  it("skips linked folders and linked files", () => {
    const at = join(root, "four");
    writeRun(join(root, "elsewhere/moons/1"));
    mkdirSync(at);
    symlinkSync(join(root, "elsewhere"), join(at, "linked"));
    mkdirSync(join(at, "run"));
    symlinkSync(join(root, "elsewhere/moons/1/run.json"), join(at, "run/run.json"));
    symlinkSync(at, join(at, "loop"));
    expect(new RunTable(new Folder(at)).scan().rows).toEqual([]);
  });
});
