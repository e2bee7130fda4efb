// Folder and file names of runs: stable, safe, and different for different runs.
import { describe, expect, it } from "vitest";
import { parseModelName, runFolder, runPaths } from "../../src/run/layout.js";
import { runErrorOf } from "../support.js";

const place = { experiments_dir: "experiments", name: "gaussian", seed: 1 };

describe("runFolder", () => {
  it("is experiments_dir/name/overrides/seed", () => {
    const folder = runFolder({ ...place, overrides: "dim=5,model_name=dsb" });
    expect(folder).toBe("experiments/gaussian/dim=5,model_name=dsb/1");
  });

  it("refuses names that would leave the folder", () => {
    for (const name of ["", "..", "a/b", ".hidden", "a\0b", "x".repeat(300)]) {
      const error = runErrorOf(() => runFolder({ ...place, name, overrides: "defaults" }));
      expect(error.code).toBe("bad_argument");
      expect(error.message).toContain("name is");
      expect(runErrorOf(() => runFolder({ ...place, overrides: name })).code).toBe("bad_argument");
    }
  });
});

describe("runPaths", () => {
  const paths = runPaths("/r");

  it("names models and pictures, and reads models' names back", () => {
    expect(paths.model(3, "b")).toBe("/r/models/3_b.safetensors");
    expect(paths.sample("it0001_f_grid", "gif")).toBe("/r/samples/it0001_f_grid.gif");
    expect([paths.checkpoints, paths.cache]).toEqual(["/r/checkpoints", "/r/cache"]);
    expect(parseModelName("12_f.safetensors")).toEqual({ half_iteration: 12, direction: "f" });
    expect(parseModelName("12_x.safetensors")).toBeUndefined();
    expect(parseModelName(".tmp-1-0123abcd")).toBeUndefined();
  });

  it("refuses what is no half-iteration or name of a picture", () => {
    expect(runErrorOf(() => paths.model(Number.NaN, "f")).code).toBe("bad_argument");
    expect(runErrorOf(() => paths.sample("../x", "png")).code).toBe("bad_argument");
  });
});
