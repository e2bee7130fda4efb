// What a word of the command line means as a run.
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findRun, linkLatest, openRun } from "../../src/index.js";
import { scratch } from "../support.js";

function run(folder: string, seconds: number): string {
  openRun({ folder, dsbm: "0", config: {}, columns: ["x"] }).finish();
  utimesSync(join(folder, "run.json"), seconds, seconds);
  return folder;
}

it("is its folder, the only one below, or the newest", () => {
  const root = scratch();
  const experiments_dir = join(root, "experiments");
  const first = run(join(experiments_dir, "a/words/42"), 1000);
  expect(findRun(first)).toBe(first);
  expect(findRun(experiments_dir)).toBe(first);
  expect(findRun(join(experiments_dir, "a"))).toBe(first);
  const second = run(join(experiments_dir, "b/words/42"), 3000);
  const third = run(join(experiments_dir, "a/other/42"), 2000);
  expect(findRun("latest", { experiments_dir })).toBe(second);
  linkLatest(experiments_dir, second);
  for (const link of ["latest", "latest/"])
    expect(findRun(`${experiments_dir}/${link}`)).toBe(second);
  expect(() => findRun(experiments_dir)).toThrow(
    `holds 3 runs: give one of them: ${second}, ${third}, ${first}`,
  );
});

it("is refused where there is none", () => {
  const root = scratch();
  mkdirSync(join(root, "empty"));
  writeFileSync(join(root, "file"), "");
  expect(() => findRun(join(root, "empty"))).toThrow(/there is no run in .*run\.json/);
  expect(() => findRun(join(root, "file"))).toThrow(/is a file/);
  expect(() => findRun(join(root, "none"))).toThrow(/there is no folder .*"latest"/);
  const experiments_dir = join(root, "nowhere");
  expect(() => findRun("latest", { experiments_dir })).toThrow(/there is no run in .*nowhere/);
});
