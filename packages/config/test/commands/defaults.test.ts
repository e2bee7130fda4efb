import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { test, testOnlyKeys } from "../../src/commands/test.js";
import { train } from "../../src/commands/train.js";
import type { TrainConfig } from "../../src/keys/schema.js";
import { resolve } from "../../src/resolve.js";
import { readYaml } from "../../src/tree/yaml.js";
import type { Tree } from "../../src/words/value.js";
import { DEFAULTS, UNET } from "./published.js";
import { dirs, leaves, only, problems, run } from "./support.js";

/** What follows other keys stays null below the data set's preset. */
const WITHOUT_PRESETS = { cache_npar: null, cache_refresh_stride: null, gif_stride: null };

describe("the image trainer's defaults", () => {
  it("are the published ones for MNIST to EMNIST with DSBM and UNET", () => {
    expect(run().members.map((member) => member.config)).toEqual([DEFAULTS]);
    expect(run().members[0]?.dirname).toBe("defaults");
    expect(run().members[0]?.choices).toEqual({
      dataset: "mnist_transfer",
      method: "dbdsb",
      model: "UNET",
    });
  });

  it("are there without preset files too", () => {
    const [member] = resolve(train, []).members;
    expect(member?.config).toEqual({ ...DEFAULTS, ...WITHOUT_PRESETS });
    const words = ["model.name=DDPMpp", "Dataset=mine", "transfer=false", "data.image_size=32"];
    expect(resolve(train, words).members[0]?.config.model).toMatchObject({
      name: "DDPMpp",
      dropout: 0.15,
    });
  });

  it("are written in the preset files as the schema has them", () => {
    // A key that no file sets would be invisible to a reader of conf/.
    const files = ["train", "method/dbdsb", "dataset/mnist_transfer", "model/UNET"];
    const written = files.flatMap((name) => leaves(compose(name)).map(([key]) => key));
    const ofOtherPresets = [
      "langevin_scale",
      "var_final_gamma_scale",
      "mean_final",
      "var_final",
      "adaptive_mean",
      "final_adaptive",
      "wavenumber",
    ];
    const keys = leaves(DEFAULTS).map(([key]) => key);
    expect([...new Set([...written, ...ofOtherPresets])].sort()).toEqual([...keys].sort());
  });

  it.each<[string, Partial<TrainConfig>]>([
    ["dbdsb", { sde: "ve", gamma_min: 0.001, gamma_max: 0.2, gamma_space: "linspace" }],
    ["dbdsb", { symmetric_gamma: false, first_coupling: "ref", mean_match: false }],
    ["dbdsb", { loss_scale: true, std_trick: false }],
    ["dbdsb_vp", { sde: "vp", mean_match: true, loss_scale: false, first_coupling: "ref" }],
    ["bm", { sde: "ve", n_ipf: 1, first_num_iter: 500_000, first_coupling: "ind" }],
    ["rf", { gamma_min: 0.01, gamma_max: 0.01, symmetric_gamma: true, first_coupling: "ind" }],
    ["rf", { ot_sampler: null }],
    ["otcfm", { gamma_min: 0.01, gamma_max: 0.01, symmetric_gamma: true, first_coupling: "ind" }],
    ["otcfm", { ot_sampler: "exact" }],
    ["dsb", { symmetric_gamma: true, mean_match: false, langevin_scale: null }],
  ])("method=%s has %j", (method, facts) => {
    const flow = method === "rf" || method === "otcfm";
    const name = flow ? "rectifiedflow" : method === "dsb" ? "dsb" : "dsbm";
    expect(only(`method=${method}`)).toMatchObject({ method: name, ...facts });
  });

  it.each<[string, Partial<TrainConfig>, Partial<TrainConfig["data"]>]>([
    [
      "cifar10",
      {
        Dataset: "cifar10",
        transfer: false,
        optimizer: "AdamW",
        weight_decay: 0.01,
        ema_rate: 0.9999,
        n_ipf: 100,
        num_steps: 200,
        cache_npar: 250_000,
      },
      { image_size: 32, channels: 3, random_flip: true },
    ],
    [
      "afhq_transfer",
      { transfer: true, batch_size: 4, num_iter: 25_000, n_ipf: 30, num_steps: 100 },
      { image_size: 512, channels: 3, cond_channels: 0 },
    ],
    ["afhq_transfer", { cache_npar: 400, cdsb: false }, {}],
    [
      "downscaler_transfer",
      { batch_size: 4, lr: 2e-4, num_iter: 10_000, n_ipf: 30, num_steps: 100, cdsb: true },
      { image_size: 512, channels: 2, cond_channels: 1 },
    ],
    ["downscaler_transfer", { cache_npar: 1250, cache_refresh_stride: 2500 }, {}],
    [
      "downscaler_synthetic",
      {
        Dataset: "downscaler_synthetic_high",
        Dataset_transfer: "downscaler_synthetic_low",
        transfer: true,
        cdsb: true,
        first_coupling: "ind",
        match_conditions: true,
      },
      { image_size: 64, channels: 2, cond_channels: 1, n_train: null, n_test: 2000 },
    ],
    [
      "downscaler_synthetic_ipf",
      { Dataset: "downscaler_synthetic_high", cdsb: true, first_coupling: "ref", n_ipf: 2 },
      { image_size: 64, channels: 2, cond_channels: 1 },
    ],
    [
      "mnist_2to3",
      { Dataset: "mnist_2", Dataset_transfer: "mnist_3", first_coupling: "ind", n_ipf: 3 },
      { image_size: 28, channels: 1 },
    ],
    ["mnist_2to3", { gamma_min: 0.034, gamma_max: 0.034, test_npar: 1000 }, {}],
    ["fashion", { Dataset: "fashion_7", Dataset_transfer: "fashion_9" }, { image_size: 28 }],
    [
      "synthetic",
      { Dataset: "synthetic_squares", Dataset_transfer: "synthetic_circles" },
      { image_size: 16, channels: 1 },
    ],
  ])("dataset=%s has %j %j", (name, facts, data) => {
    const config = only(`dataset=${name}`);
    expect(config).toMatchObject({ name, ...facts });
    expect(config.data).toMatchObject(data);
  });

  it("leave out matched conditions where the method pairs otherwise or not at all", () => {
    for (const [method, matched] of [
      ["rf", true],
      ["bm", true],
      ["otcfm", null],
      ["dsb", null],
    ] as const) {
      const config = only("dataset=downscaler_synthetic", `method=${method}`);
      expect(config.match_conditions, method).toBe(matched);
    }
  });

  it.each<[string, string, Tree]>([
    ["UNET", "mnist_transfer", UNET],
    ["UNET_small", "mnist_2to3", { name: "UNET", num_channels: 32, temb_scale: 1000, dropout: 0 }],
    ["UNET_tiny", "synthetic", { name: "UNET", num_channels: 8, num_heads: 1, dropout: 0.1 }],
    [
      "DownscalerUNET",
      "downscaler_transfer",
      {
        name: "DownscalerUNET",
        num_channels: 32,
        channel_mult: "1,2,4,8",
        num_res_blocks: 8,
        embed_dim: null,
        dropout: 0.5,
        temb_scale: 30,
        mean_bypass: true,
        scale_mean_bypass: true,
        shift_input: true,
        shift_output: true,
        padding_mode: "zeros",
      },
    ],
    [
      "DownscalerUNET_small",
      "downscaler_synthetic",
      {
        name: "DownscalerUNET",
        num_channels: 32,
        channel_mult: "1,1,2,2",
        embed_dim: 256,
        dropout: 0,
        padding_mode: "circular",
      },
    ],
    [
      "DDPMpp_32",
      "cifar10",
      {
        name: "DDPMpp",
        nf: 128,
        ch_mult: "1,2,2,2",
        num_res_blocks: 4,
        attn_resolutions: "16",
        dropout: 0.15,
        fir: false,
        resblock_type: "biggan",
        progressive: "none",
        progressive_input: "none",
      },
    ],
    [
      "DDPMpp_RF",
      "afhq_transfer",
      {
        name: "DDPMpp",
        ch_mult: "1,1,2,2,2,2,2",
        num_res_blocks: 2,
        fir: true,
        progressive: "output_skip",
        progressive_input: "input_skip",
      },
    ],
  ])("model=%s has the published numbers (dataset=%s)", (name, data, facts) => {
    expect(only(`model=${name}`, `dataset=${data}`).model).toMatchObject(facts);
  });

  it("say how a run is evaluated again for dsbm test alone", () => {
    const defaults = { test_ode_sampler: true, ode_sampler: "dopri5", ode_tol: 1e-5 };
    const which = { split: "test", half_iteration: "newest" };
    const keys = { ...defaults, ...which, ode_euler_step_size: 1e-2 };
    expect(testOnlyKeys.toSorted()).toEqual(Object.keys(keys).sort());
    expect(resolve(test, [], { dirs }).members[0]?.config).toEqual({ ...DEFAULTS, ...keys });
    for (const key of Object.keys(keys)) {
      expect(problems(`${key}=1`)).toEqual([expect.stringContaining(`unknown key "${key}"`)]);
    }
    const halves = (word: string) => resolve(test, [`half_iteration=${word}`], { dirs }).members;
    expect(halves("[2,4]")[0]?.config.half_iteration).toEqual([2, 4]);
    expect(halves("all")[0]?.config.half_iteration).toBe("all");
    expect(() => halves("last")).toThrow(/half_iteration/);
    expect(() => halves("0")).toThrow(/half_iteration/);
  });

  it("ask for Inception where statistics of its features are named", () => {
    const word = "metrics.fid_statistics=cifar10.npz";
    expect(problems(word)).toEqual([expect.stringContaining("metrics.inception")]);
    const { metrics } = only(word, "metrics.inception=inception.pt");
    expect(metrics.fid_statistics).toBe("cifar10.npz");
  });

  it("look at spectra where the data are fields", () => {
    const spectrum = (...words: string[]) => only(...words).metrics.spectrum;
    expect(spectrum("dataset=downscaler_synthetic")).toBe(true);
    expect(spectrum("dataset=downscaler_synthetic_ipf")).toBe(true);
    expect(spectrum("dataset=downscaler_transfer")).toBe(true);
    expect(spectrum("dataset=mnist_2to3")).toBe(false);
  });
});

/** All keys that are set in one preset file and those that it names beside it. */
function compose(name: string): Tree {
  const folder = dirs[0] ?? "";
  const { defaults: _, ...tree } = readYaml(readFileSync(join(folder, `${name}.yaml`), "utf8"));
  return tree;
}
