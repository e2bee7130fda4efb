// The main job in a few steps: all three parts, their tables, and every path that it names.
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { dsbm, scratch } from "./cli.js";

const root = scratch();

it("trains in components, in pixels and against the exact answer, and says where to look", async () => {
  const { code, stdout, stderr } = await dsbm([
    "start",
    "quick=true",
    "threads=1",
    `experiments_dir=${root}`,
  ]);
  expect(stderr).not.toMatch(/bug|\n\s+at /);
  expect(code).toBe(0);
  for (const part of ["(a) digits", "(b) the same digits in pixels", "(c) Gaussian benchmark"])
    expect(stdout).toContain(part);
  const paths = [...stdout.matchAll(/^(?:picture|table|report) +(\S.*)$/gm)].map(
    ([, path]) => path,
  );
  expect(paths.length).toBeGreaterThanOrEqual(13);
  for (const path of paths) expect(existsSync(path as string), path).toBe(true);
});
