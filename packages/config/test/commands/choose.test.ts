import { describe, expect, it } from "vitest";
import { z } from "zod";
import { presetGroups } from "../../src/presets/groups.js";
import { numbers, readNumbers } from "../../src/schema/kinds.js";
import { UNET } from "./published.js";
import { dirs, only, problems, run } from "./support.js";

describe("choosing", () => {
  it("takes the data set's own network and schedule, unless others are chosen", () => {
    expect(run("dataset=mnist_2to3").members[0]?.choices).toEqual({
      dataset: "mnist_2to3",
      method: "dbdsb",
      model: "UNET_small",
    });
    expect(only("dataset=mnist_2to3", "model=UNET").model).toEqual(UNET);
    expect(only("model=UNET", "dataset=mnist_2to3").model).toEqual(UNET);
    expect(only("dataset=downscaler_transfer").model.name).toBe("DownscalerUNET");
  });

  it("compares methods on the same schedule, but lets bm have its one iteration", () => {
    const same = { gamma_min: 0.034, gamma_max: 0.034, first_coupling: "ind", num_iter: 500 };
    for (const method of ["dbdsb", "dbdsb_vp", "bm", "rf", "otcfm", "dsb"]) {
      const config = only("dataset=mnist_2to3", `method=${method}`);
      expect(config).toMatchObject({ ...same, n_ipf: method === "bm" ? 1 : 3 });
    }
    expect(only("dataset=mnist_2to3", "first_coupling=ref").first_coupling).toBe("ref");
  });

  it("resolves every combination of presets that fits together", () => {
    const [datasets, methods, models] = presetGroups(dirs, "train").map(({ presets }) =>
      presets.map(({ name }) => name),
    );
    expect([datasets?.length, methods?.length, models?.length]).toEqual([13, 6, 8]);
    for (const dataset of datasets ?? []) {
      const list = (name: string, all: string[] = []) => `${name}=${all.join(",")}`;
      // The schedule of this one is that of a bridge, whose steps discrete DSB cannot take.
      const fitting = methods?.filter((m) => dataset !== "downscaler_synthetic_ipf" || m !== "dsb");
      const { members } = run(`dataset=${dataset}`, list("method", fitting), "-m");
      expect(members).toHaveLength(fitting?.length as number);
    }
    for (const name of ["UNET", "UNET_small"]) {
      expect(
        run(`model=${name}`, "dataset=mnist_transfer,mnist_2to3,fashion", "-m").members,
      ).toHaveLength(3);
    }
  });

  it("puts keys where they are typed", () => {
    const config = only(
      "model.dropout=0.2",
      "data.random_flip=true",
      "metrics.inception=/models/inception.pt",
      "paths.data_dir_name=/data",
      "ema=false",
      "loss_scale=false",
      "threads=2",
    );
    expect(config.model.dropout).toBe(0.2);
    expect(config.data.random_flip).toBe(true);
    expect(config.metrics).toMatchObject({ inception: "/models/inception.pt", judge: true });
    expect(config.paths.data_dir_name).toBe("/data");
    expect(config).toMatchObject({ ema: false, loss_scale: false, threads: 2 });
  });

  it("reads lists of numbers as text, list or number, and keeps them as text", () => {
    const attention = (value: string) => {
      const { model } = only(`model.attention_resolutions=${value}`);
      return model.name === "UNET" ? model.attention_resolutions : undefined;
    };
    expect(["[16,8]", "16,8", "'16,8'", '" 16, 8 "', "14", "null"].map(attention)).toEqual([
      "16,8",
      "16,8",
      "16,8",
      "16,8",
      "14",
      null,
    ]);
    expect(run("model.attention_resolutions=14,7", "-m").members).toHaveLength(2);
    expect(readNumbers("0.5,1,1")).toEqual([0.5, 1, 1]);
    expect(readNumbers(null)).toEqual([]);
    const list = z.strictObject({ list: numbers("1") });
    for (const bad of ["", "a", "1,", "0", "1,0", "0.0", ".", "-1", "1 2"]) {
      expect(list.safeParse({ list: bad }).success, bad).toBe(false);
    }
    for (const good of [".5", "1.", "0.5,1", "10"]) {
      expect(list.safeParse({ list: good }).success, good).toBe(true);
    }
  });
});
