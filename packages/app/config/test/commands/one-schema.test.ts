// One schema for every command that trains: the Gaussian script's names, the keys of the reference, and old runs.
import { describe, expect, it } from "vitest";
import { test } from "../../src/commands/test.js";
import { gaussian, train } from "../../src/commands/train.js";
import { resolve } from "../../src/configure.js";
import { completeTrain, readConfig } from "../../src/keys/train.js";
import type { Tree } from "../../src/tree.js";
import { thrownError } from "../thrown.js";

const METHODS =
  "dsbm rectifiedflow sbcfm dsb dsb_increments mine alpha_dsbm sf2m lightsb lightsb_m gaussian_bridge sinkhorn_bridge quantile_mapping";
const options = {
  names: {
    method: {
      ...Object.fromEntries(METHODS.split(" ").map((name) => [name, {}])),
      shared: { fb_sequence: ["b"] },
    },
  },
};
const benchmark = (...words: string[]) => resolve(gaussian, words, options).members;
const image = (...words: string[]) => resolve(train, words, options).members;
const complete = (...words: string[]) => completeTrain(benchmark(...words)[0]?.config);
const completeImage = (...words: string[]) => completeTrain(image(...words)[0]?.config);
const problems = (run: () => unknown) => thrownError(run).problems;

describe("the Gaussian script's names", () => {
  it("are keys of the one schema, with the benchmark's numbers", () =>
    expect(complete()).toMatchObject({
      method: "dsbm",
      name: "gaussian",
      Dataset: "gaussian",
      Dataset_transfer: "gaussian",
      data: { dim: 5, a: 0.1, n_train: 10_000, n_test: 10_000 },
      model: { name: "MLP", hidden: "256,256", time_frequencies: 0 },
      first_coupling: "ref",
      first_pass: 1,
      fb_sequence: ["b", "f"],
      half_iterations: 40,
      num_iter: 10_000,
      first_num_iter: 10_000,
      sigma: 1,
      gamma_min: 1 / 20,
      gamma_max: 1 / 20,
      num_steps: 20,
      test_num_steps: [20, 100],
      batch_size: 128,
      lr: 1e-4,
      optimizer: "Adam",
      grad_clip: null,
      ema_rate: 0.999,
      ema_warmup: true,
      loss_reduction: "sum",
      keep_optimizer: "method",
      cache: "epoch",
      last_noise: true,
      eps: null,
      ot_sampler: null,
      seed: 42,
      log_every: 100,
      test_npar: 10_000,
      paths: { experiments_dir_name: "experiments" },
    }));

  it.each<[string, Tree]>([
    ["dim=50 a=1 sigma=2", { data: { dim: 50, a: 1 }, sigma: 2, gamma_max: 0.2 }],
    ["model_name=dsb", { method: "dsb_increments" }],
    ["model_name=rectifiedflow fb_sequence=[b]", { fb_sequence: ["b"] }],
    ["net_name=mlp_small", { model: { hidden: "128,128" } }],
    ["inner_iters=7 outer_iters=3", { num_iter: 7, half_iterations: 3 }],
    ["num_iter=7 half_iterations=3", { num_iter: 7, half_iterations: 3 }],
    ["test_num_steps=50", { test_num_steps: [20, 50] }],
    ["test_num_steps=20", { test_num_steps: [20] }],
    ["test_num_steps=[5]", { test_num_steps: [5] }],
    ["coupling=exact first_coupling=ind", { ot_sampler: "exact", first_pass: 1 }],
    ["n_train=500 n_test=300", { data: { n_train: 500, n_test: 300 }, test_npar: 300 }],
    ["activation_fn=torch.nn.SiLU run=3", { method: "dsbm" }],
    ["paths.experiments_dir_name=x", { paths: { experiments_dir_name: "x" } }],
    ["experiments_dir=x name=y", { paths: { experiments_dir_name: "x" }, name: "y" }],
    ["model.time_frequencies=8 gif=false", { model: { time_frequencies: 8 }, gif: false }],
    ["dim=50 dim=null", { data: { dim: null }, half_iterations: 40 }],
  ])("%s", (line, facts) => expect(complete(...line.split(" "))).toMatchObject(facts));

  it.each<[string, string]>([
    ["inner_iter=5", 'unknown key "inner_iter": did you mean "inner_iters"?'],
    ["dim=0", "dim: expected an integer >= 1 or null, got 0; write for example dim=5"],
    ["model_name=dsbmm", 'model_name: unknown name "dsbmm", did you mean "dsbm"?'],
    [
      "dim=50 n_test=50",
      "n_test=50 is too few for the covariance of dim=50: write n_test=51 or more",
    ],
    ["eps=0", "eps=0 makes the target of dsbm infinite: write eps=1e-3 or leave it out"],
    [
      "coupling=exact",
      "coupling=exact pairs independent points, but first_coupling=ref has none: write first_coupling=ind",
    ],
    [
      "coupling=exact model_name=sbcfm",
      "coupling=exact does not apply to model_name=sbcfm: leave it out",
    ],
    [
      "activation_fn=relu",
      "activation_fn=relu is not possible: the MLP has no other activation; write activation_fn=silu or leave it out",
    ],
  ])("are the names in messages: %s", (line, problem) =>
    expect(problems(() => benchmark(...line.split(" ")))).toEqual([problem]),
  );
});

describe("methods", () => {
  it.each([
    ["dbdsb bm dsb dsbm lightsb lightsb_m sinkhorn_bridge mine", ["b", "f"]],
    ["rf otcfm sbcfm alpha_dsbm sf2m gaussian_bridge shared", ["b"]],
  ])("%s train %j", (presets, fb_sequence) => {
    const methods: Record<string, string> = { dbdsb: "dsbm", bm: "dsbm" };
    methods.rf = methods.otcfm = "rectifiedflow";
    for (const preset of presets.split(" ")) {
      const [member] = image(`method=${preset}`);
      const method = methods[preset] ?? preset;
      expect(member?.config).toMatchObject({ method, gamma_space: "linspace" });
      expect(member?.dirname).toBe(`method=${preset}`);
      expect(completeTrain(member?.config).fb_sequence).toEqual(fb_sequence);
    }
  });

  it("that are neither presets nor in the registry get the nearest name", () => {
    expect(problems(() => image("method=minee"))[0]).toMatch(/did you mean "mine"\?$/);
    expect(problems(() => resolve(train, ["method=mine"]))[0]).toMatch(/no preset/);
  });

  it("a network without a preset has its default options", () =>
    expect(image("dataset=moons", "model=DDPMpp")[0]?.config.model).toMatchObject({ nf: 128 }));
});

describe("keys of the reference", () => {
  it("map to dsbm's keys", () => {
    const words = ["log_stride=7", "data.wavenumber=4", "dataset=downscaler_transfer"];
    expect(image(...words)[0]?.config).toMatchObject({ log_every: 7, wavenumber: 4 });
    expect(resolve(test, ["data.split=train"], options).members[0]?.config.split).toBe("train");
  });

  it("switch clipping off, and name the folder of checkpoints", () => {
    const of = completeImage;
    expect(of("grad_clipping=false", "grad_clip=2").grad_clip).toBeNull();
    expect(of("grad_clipping=true", "grad_clip=2").grad_clip).toBe(2);
    const words = ["checkpoint_run=true", "checkpoint_dir=/old", "checkpoint_b=/new/7.ckpt"];
    expect(of(...words)).toMatchObject({
      checkpoint_b: "/new/7.ckpt",
      sample_checkpoint_b: "/old/sample_net_b.ckpt",
      optimizer_checkpoint_b: "/old/optimizer_b.ckpt",
      checkpoint_f: null,
    });
    expect(problems(() => image("checkpoint_dir=/old"))[0]).toMatch(/would not be read/);
  });

  const USELESS = "num_workers=2 pin_memory=true load=true run=0 use_default_wandb_name=false";
  const REPEATED = "CSV_log_dir=./ data.split=train Method=DBDSB Model=UNET";

  it("are accepted if they change nothing, and some with a note", () => {
    const [member] = image(...USELESS.split(" "), ...REPEATED.split(" "));
    expect(member?.config).toEqual(image()[0]?.config);
    expect(member?.notes).toHaveLength(5);
    for (const note of member?.notes ?? []) expect(note).toMatch(/^\S+ changes nothing: \w/);
  });

  const DDPMPP = "dataset=cifar10 model=DDPMpp_32";

  it.each([
    ["CSV_log_dir=/tmp", /^CSV_log_dir=\/tmp is not possible: metrics are written to/],
    ["data.split=test", /^data.split=test is not possible: training reads the train split/],
    ["Method=RF", /^Method=RF does not agree with method=dsbm: choose with method=… alone$/],
    ["Model=DDPMpp", /^Model=DDPMpp does not agree with model=UNET/],
    ["model.conv_size=3", /^unknown key "model.conv_size"/],
    [`${DDPMPP} model.normalization=BatchNorm`, /normalization=BatchNorm is not possible: /],
    [`${DDPMPP} model.attention_type=other`, /attention_type=other is not possible: /],
    [`${DDPMPP} model.conv_size=5`, /conv_size=5 is not possible: /],
  ])("%s is refused with the reason", (line, message) =>
    expect(problems(() => image(...line.split(" ")))).toEqual([expect.stringMatching(message)]),
  );
});

describe("the configuration of a run on disk", () => {
  it("is read as it is, whatever its command", () => {
    for (const config of [complete("dim=3"), completeImage()])
      expect(readConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  it("has newer keys at their defaults", () => {
    const { lr_warmup: _, ...older } = completeImage();
    expect(readConfig(older)).toEqual(completeImage());
  });

  it("is refused with its unknown keys and its version", () => {
    const error = thrownError(() => readConfig({ ...completeImage(), newer: 1 }, "9.1"));
    expect(error.problems).toEqual([
      expect.stringMatching(/^unknown key "newer": .* \(written by version 9\.1\)$/),
    ]);
  });
});
