// The folders that the configuration of a run from somebody else may name.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { silentProgress } from "@dsbm/runs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../../../../test/e2e/cli.js";
import { trainConfig } from "../../../../test/support/problem.js";
import { checkSavedFolder, openDatasets, savedPaths } from "../src/index.js";

const root = scratch();
const [workFolder, otherFolder] = ["work", "elsewhere"].map((name) => join(root, name));
const earlierFolder = process.cwd();

beforeAll(() => {
  mkdirSync(workFolder);
  for (const name of ["a", "b"])
    writeFileSync(join(workFolder, `${name}.csv`), "x\n1\n2\n3\n4\n5\n6\n");
  process.chdir(workFolder);
});
afterAll(() => process.chdir(earlierFolder));

describe("the data of a saved run", () => {
  const configIn = (folder: string) =>
    trainConfig(
      "dataset=vectors",
      "Dataset=table:a.csv",
      "Dataset_transfer=table:b.csv",
      `paths.data_dir_name=${folder}`,
    );
  const open = (folder: string) =>
    openDatasets(configIn(folder), {
      progress: silentProgress,
      signal: undefined,
      checkFolder: checkSavedFolder,
    });

  it("are prepared in the working folder, and elsewhere only where dsbm prepared data before", async () => {
    (await open("data")).dispose();
    await expect(open(otherFolder)).rejects.toThrow(/outside the working folder.* make the folder/);
    await expect(open("../elsewhere")).rejects.toThrow(/outside the working folder/);
    expect(existsSync(otherFolder)).toBe(false);
    mkdirSync(join(otherFolder, "prepared"), { recursive: true });
    (await open(otherFolder)).dispose();
  });

  it("keep the run's folder of runs only if dsbm writes there", () => {
    const named = (experiments_dir_name: string) =>
      savedPaths({ paths: { data_dir_name: "data", experiments_dir_name } }).experiments_dir_name;
    expect(named("mine/runs")).toBe("mine/runs");
    expect(named("/")).toBe("experiments");
    expect(named(root)).toBe("experiments");
    mkdirSync(join(root, "classifiers"));
    expect(named(root)).toBe(root);
  });
});
