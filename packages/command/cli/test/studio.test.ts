// The fits that a page of the studio may ask for.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { studioProgram } from "../src/studio/program.js";

const root = join(scratch(), "runs, of 'mine'");
const files = ["a.csv", "b.csv"].map((name) => join(root, name));
beforeAll(() => {
  mkdirSync(root);
  for (const file of files) writeFileSync(file, "x\n1\n");
});

describe("a fit of the studio", () => {
  it("has its run below the folder of the studio, whatever the name of that folder", () => {
    const { words, folders } = studioProgram.fit(root, files, { sigma: "0.5", seed: "3" });
    expect(folders).toEqual([join(root, "a_to_b/sigma=0.5/3")]);
    expect(words.slice(0, 5)).toEqual(["fit", ...files, "sigma=0.5", "seed=3"]);
  });

  it("is resumed by its request into the same folder", () => {
    const command = studioProgram.fit(root, files, {
      sigma: "0.5",
      "data.exclude": "[id]",
    });
    const request = {
      command: "fit",
      arguments: files,
      overrides: {
        sigma: 0.5,
        "data.exclude": ["id"],
        "paths.experiments_dir_name": "/of/a/stranger",
      },
    };
    expect(studioProgram.resume(root, request)).toEqual(command);
  });

  it.each([
    "Dataset",
    "pairs",
    "holdout",
    "nproc",
    "teacher",
    "checkpoint_f",
    "data.cond",
    "metrics.inception",
    "paths.data_dir_name",
    "paths.experiments_dir_name",
    "experiments_dir",
    "-m",
  ])("has no option %s", (key) => {
    expect(() => studioProgram.fit(root, files, { [key]: "x" })).toThrow(
      `${key}= cannot be given in the studio`,
    );
  });

  it("has its folder from its plan if a column holds its times", () => {
    const { words, folders } = studioProgram.fit(root, files.slice(1), { time: "x" });
    expect([words.includes("time=x"), folders]).toEqual([true, null]);
  });

  it("has a name, which is no path", () => {
    const named = studioProgram.fit(root, files, { name: "rivers" });
    expect(named.folders?.[0]?.startsWith(join(root, "rivers/"))).toBe(true);
    for (const name of ["../x", "a/b", ".."])
      expect(() => studioProgram.fit(root, files, { name })).toThrow('without "/"');
  });

  it("is a sweep of one run at a time if options have several values; lists stay lists", () => {
    const options = { sigma: ".5,1", seed: "1,2", "data.exclude": "id,name" };
    const { words, folders } = studioProgram.fit(root, files, options);
    expect(words.slice(3, 6)).toEqual(["sigma=.5,1", "seed=1,2", "data.exclude=[id,name]"]);
    expect(words.slice(-2)).toEqual(["launcher.n_jobs=1", "-m"]);
    const places = folders?.map((path) => /sigma=\S+/.exec(path)?.[0].replace(/-\w+/, ""));
    expect(places).toEqual(["sigma=0.5/1", "sigma=0.5/2", "sigma=1/1", "sigma=1/2"]);
  });
});
