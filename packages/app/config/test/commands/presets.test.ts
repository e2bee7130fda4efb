// Defaults of all keys, and what the presets set: the published numbers, each written once.

import { factsNamed } from "@dsbm/bridge/facts";
import { describe, expect, it } from "vitest";
import { test, testOnlyKeys } from "../../src/commands/test.js";
import { train } from "../../src/commands/train.js";
import { resolve } from "../../src/configure.js";
import { networkNames, takesVectors } from "../../src/keys/model.js";
import { completeTrain } from "../../src/keys/train.js";
import { groupTable, presetGroups } from "../../src/presets.js";
import { onlyConfig, problems, run, wordsOf } from "./support.js";

const UNET = `model.name=UNET model.num_channels=128 model.channel_mult=null model.num_res_blocks=2
  model.attention_resolutions='16,8' model.num_heads=4 model.num_head_channels=null
  model.num_heads_upsample=null model.dropout=0.1 model.use_scale_shift_norm=true
  model.resblock_updown=false model.conv_resample=true model.class_cond=false
  model.use_checkpoint=false model.temb_scale=1000`;

/** dsbm train without an argument. */
const DEFAULTS = `
  method=dsbm fb_sequence=null sde=ve first_coupling=ref first_pass=null match_conditions=null
  sigma=null gamma_min=0.001 gamma_max=0.2 gamma_space=linspace symmetric_gamma=false
  mean_match=false loss_scale=true std_trick=false precondition=false ot_sampler=null ot_rows=null ot_penalty=1 interpolant=straight path_metric=null path_potential=null path_noise=null match_moments=false condition_dropout=0 langevin_scale=null
  delta=null growth_coupling=wfr mass=null weights=null birth=null death=null mass_penalty=null mixture_components=50 mixture_spread=0.1 shortcut=false teacher=null var_final_gamma_scale=false
  Dataset=mnist Dataset_transfer=emnist Dataset_between=null times=null transfer=true pairs=null mean_final=0 var_final=1 adaptive_mean=false
  final_adaptive=false cdsb=false wavenumber=0 data.image_size=28 data.image_width=null data.variables=null data.coarsen=null data.transform=null data.season=false data.static=null data.background=white data.crop=null data.channels=1
  data.cond_channels=0 data.cond=null data.random_flip=false data.dim=null data.a=0.1 data.components=null data.shrink_components=false data.latent=null data.latent_steps=2000
  data.dataset=null data.n_train=null data.n_test=null data.test_fraction=0.1
  data.columns=null data.exclude=null data.categories=null data.keep=null data.condition=null data.classes=null data.range=null data.integer=null data.id=null data.missing=error
  data.log1p=false data.standardise=columns data.split_by=null data.source=null data.between=null data.target=null
  data.where=null
  data.decimal=. data.thousands=null data.na=null data.booleans=false data.header=true data.key=null data.normalise=null data.layer=null
  ${UNET}
  name=mnist_transfer seed=42 LOGGER=CSV wandb_id=null log_every=10 threads=auto device=cpu nproc=1
  share_batch=auto accumulate=1 dist_timeout=600
  paths.data_dir_name=data paths.experiments_dir_name=experiments
  n_ipf=50 half_iterations=null num_iter=500000 first_num_iter=null num_steps=30
  test_num_steps=null eps=0.0001 time_sampling=null step_variance=process batch_size=128 dtype=float32 simulate_dtype=float32
  num_repeat_data=1 optimizer=Adam lr=0.0001 lr_schedule=null lr_warmup=null weight_decay=0 loss_reduction=mean
  grad_clipping=true grad_clip=1 ema=true ema_rate=0.999 ema_warmup=false use_prev_net=true
  keep_optimizer=null
  cache=disk last_noise=false cache_npar=10000 cache_batch_size=1250 cache_refresh_stride=1000
  cache_num_steps=null online_cache=false normalize_x1=false
  test_npar=10000 test_batch_size=1000 gif_stride=5000 plot_level=2 plot_npar=100 plot_npar_path=16
  gif=true metrics.inception=null metrics.judge=true metrics.fid_statistics=null
  metrics.spectrum=false
  autostart_next_it=false checkpoint_run=false checkpoint_it=1
  checkpoint_pass=b checkpoint_iter=0 checkpoint_f=null checkpoint_b=null sample_checkpoint_f=null
  sample_checkpoint_b=null optimizer_checkpoint_f=null optimizer_checkpoint_b=null
  checkpoint_stride=null checkpoint_minutes=10 keep_last=3`;

const split = (text: string) => text.trim().split(/\s+/);

describe("defaults", () => {
  it("of dsbm train are the published ones for MNIST to EMNIST with DSBM and UNET", () => {
    const [member] = run().members;
    expect(wordsOf(member?.config ?? {}).sort()).toEqual(split(DEFAULTS).sort());
    expect(member?.dirname).toBe("defaults");
    expect(member?.choices).toEqual({ dataset: "mnist_transfer", method: "dbdsb", model: "UNET" });
  });

  it("of dsbm test are the run's, and the options of evaluation", () => {
    const own = "split=test half_iteration=newest test_ode_sampler=true ode_sampler=dopri5";
    const more = `${own} ode_tol=0.00001 ode_euler_step_size=0.01`;
    const config = resolve(test, []).members[0]?.config ?? {};
    expect(wordsOf(config).sort()).toEqual(split(`${DEFAULTS} ${more}`).sort());
    expect(testOnlyKeys).toEqual(split(more).map((word) => word.split("=")[0]));
    for (const key of testOnlyKeys)
      expect(problems(`${key}=1`)).toEqual([expect.stringContaining(`unknown key "${key}"`)]);
  });
});

describe("presets", () => {
  it.each([
    ["method=dbdsb", "method=dsbm sde=ve first_coupling=ref mean_match=false loss_scale=true"],
    ["method=dbdsb_vp", "method=dsbm sde=vp mean_match=true loss_scale=false first_coupling=ref"],
    ["method=bm", "method=dsbm n_ipf=1 first_num_iter=500000 first_coupling=ind std_trick=false"],
    [
      "method=rf",
      "method=rectifiedflow gamma_min=0.01 gamma_max=0.01 symmetric_gamma=true first_coupling=ind ot_sampler=null",
    ],
    [
      "method=otcfm",
      "method=rectifiedflow gamma_min=0.01 symmetric_gamma=true first_coupling=ind ot_sampler=exact",
    ],
    ["method=dsb", "method=dsb symmetric_gamma=true mean_match=false langevin_scale=null"],
    [
      "dataset=cifar10",
      "Dataset=cifar10 transfer=false optimizer=AdamW weight_decay=0.01 ema_rate=0.9999 n_ipf=100 num_steps=200 cache_npar=250000 data.image_size=32 data.channels=3 data.random_flip=true",
    ],
    [
      "dataset=afhq_transfer",
      "transfer=true batch_size=4 num_iter=25000 n_ipf=30 num_steps=100 cache_npar=400 data.image_size=512 data.channels=3 model.name=DDPMpp",
    ],
    [
      "dataset=downscaler_transfer",
      "batch_size=4 lr=0.0002 num_iter=10000 n_ipf=30 num_steps=100 cdsb=true cache_npar=1250 cache_refresh_stride=2500 data.image_size=512 data.channels=2 data.cond_channels=1 metrics.spectrum=true model.name=DownscalerUNET",
    ],
    [
      "dataset=downscaler_synthetic",
      "Dataset=downscaler_synthetic_high Dataset_transfer=downscaler_synthetic_low cdsb=true first_coupling=ind match_conditions=true data.image_size=64 data.n_test=2000 metrics.spectrum=true",
    ],
    [
      "dataset=downscaler_synthetic_ipf",
      "first_coupling=ref n_ipf=2 data.cond_channels=1 metrics.spectrum=true",
    ],
    [
      "dataset=mnist_2to3",
      "Dataset=mnist_2 Dataset_transfer=mnist_3 first_coupling=ind n_ipf=3 gamma_min=0.034 gamma_max=0.034 test_npar=1000",
    ],
    ["dataset=fashion", "Dataset=fashion_7 Dataset_transfer=fashion_9 data.image_size=28"],
    ["dataset=synthetic", "Dataset=synthetic_squares data.image_size=16 model.num_channels=8"],
    [
      "dataset=gaussian",
      "Dataset=gaussian Dataset_transfer=gaussian data.dim=5 model.name=MLP sigma=1 cache=epoch",
    ],
    [
      "dataset=gaussian_best",
      "Dataset=gaussian data.dim=5 first_pass=1 n_ipf=3 num_iter=6000 batch_size=256 lr=0.001 lr_schedule=cosine ema_rate=0.998 model.hidden='128,128'",
    ],
    ["dataset=moons", "Dataset=normal Dataset_transfer=moons data.dim=2 model.name=MLP"],
    ["dataset=eight_gaussians", "Dataset=normal Dataset_transfer=eight_gaussians data.dim=2"],
    [
      "dataset=digits",
      "Dataset=mnist_2 Dataset_transfer=mnist_3 data.components=64 model.hidden='512,512,512' model.time_frequencies=8 sigma=0.5 weight_decay=0 num_steps=60 n_ipf=2 num_iter=4000 batch_size=256 lr=0.001 lr_schedule=cosine ema_rate=0.999 cache_refresh_stride=500 eps=0.01",
    ],
    ["model=UNET dataset=mnist_2to3", UNET],
    [
      "model=UNET_small",
      "model.num_channels=32 model.dropout=0 model.temb_scale=1000 model.channel_mult='0.5,1,1.5'",
    ],
    [
      "model=DownscalerUNET dataset=downscaler_transfer",
      "model.num_channels=32 model.channel_mult='1,2,4,8' model.num_res_blocks=8 model.embed_dim=null model.dropout=0.5 model.temb_scale=30 model.mean_bypass=true model.scale_mean_bypass=true model.shift_input=true model.shift_output=true model.padding_mode=zeros",
    ],
    [
      "model=DownscalerUNET_small dataset=downscaler_synthetic",
      "model.channel_mult='1,1,2,2' model.embed_dim=256 model.dropout=0 model.padding_mode=circular",
    ],
    [
      "model=DDPMpp_32 dataset=cifar10",
      "model.nf=128 model.ch_mult='1,2,2,2' model.num_res_blocks=4 model.attn_resolutions='16' model.dropout=0.15 model.fir=false model.resblock_type=biggan model.progressive=none model.progressive_input=none",
    ],
    [
      "model=DDPMpp_RF dataset=afhq_transfer",
      "model.ch_mult='1,1,2,2,2,2,2' model.num_res_blocks=2 model.fir=true model.progressive=output_skip model.progressive_input=input_skip",
    ],
  ])("%s has %s", (line, facts) => {
    const wanted = split(facts).map((word) => word.replace(/='(\d+)'$/, "='$1'"));
    expect(wordsOf(onlyConfig(...line.split(" ")))).toEqual(expect.arrayContaining(wanted));
  });

  it("show the default of every key of the schema in conf/", () => {
    // A key that no file sets would be invisible to a reader of the presets; without them these alone are left.
    const unset = split(
      "langevin_scale var_final_gamma_scale mean_final var_final adaptive_mean final_adaptive wavenumber",
    );
    const base = Object.fromEntries(unset.map((key) => [key, 0]));
    const none = { ...train, schema: train.schema.pick({}) } as typeof train;
    const { values } = resolve(none, ["--help"]);
    const keys = (words: string[]) => words.map((word) => word.split("=")[0]).sort();
    expect(keys(wordsOf({ ...base, ...values }))).toEqual(keys(split(DEFAULTS)));
  });

  it("of data set a suitable network and schedule, unless others are chosen", () => {
    expect(run("dataset=mnist_2to3").members[0]?.choices).toMatchObject({ model: "UNET_small" });
    const unet = onlyConfig("model=UNET");
    expect(onlyConfig("dataset=mnist_2to3", "model=UNET").model).toEqual(unet.model);
    expect(onlyConfig("model=UNET", "dataset=mnist_2to3").model).toEqual(unet.model);
    const same = { gamma_min: 0.034, gamma_max: 0.034, first_coupling: "ind", num_iter: 500 };
    for (const method of ["dbdsb", "dbdsb_vp", "bm", "rf", "otcfm", "dsb"]) {
      const config = onlyConfig("dataset=mnist_2to3", `method=${method}`);
      expect(config).toMatchObject({ ...same, n_ipf: method === "bm" ? 1 : 3 });
    }
    const matched = (method: string) =>
      onlyConfig("dataset=downscaler_synthetic", `method=${method}`).match_conditions;
    expect(["rf", "bm", "otcfm", "dsb"].map(matched)).toEqual([true, true, null, null]);
  });

  it("resolve in every combination that fits together", () => {
    const [datasets = [], methods = []] = presetGroups("train").map(({ presets }) =>
      presets.map(({ name }) => name),
    );
    for (const dataset of datasets) {
      // The schedule of this preset is a bridge's, whose steps discrete DSB cannot take.
      const isBridge = dataset === "downscaler_synthetic_ipf";
      const { transfer, cdsb, model } = onlyConfig(`dataset=${dataset}`);
      const fitting = methods.filter(
        (m) =>
          (!factsNamed(m).discreteSteps || !isBridge) &&
          (transfer || !factsNamed(m).mass) &&
          (takesVectors(model) || factsNamed(m).takes.images) &&
          (!cdsb || factsNamed(m).takes.conditions),
      );
      const { members } = run(`dataset=${dataset}`, `method=${fitting.join()}`, "-m");
      expect(members).toHaveLength(fitting.length);
    }
  });
});

it.each(Object.keys(networkNames).filter((name) => takesVectors({ name })))(
  "model=%s goes with the methods and options of vectors",
  (name) => {
    const table = ["Dataset=table:a.csv", "Dataset_transfer=table:b.csv", `model=${name}`];
    for (const words of ["method=wfr", "method=otcfm interpolant=metric", "data.condition=c"])
      expect(run(...table, ...words.split(" ")).members, words).toHaveLength(1);
  },
);

describe("a list of numbers", () => {
  it("is text, a list, one number, or bare without -m, and is kept as text", () => {
    const attention = (value: string) => {
      const { model } = onlyConfig(`model.attention_resolutions=${value}`);
      return model.name === "UNET" ? model.attention_resolutions : undefined;
    };
    const spellings = ["[16,8]", "16,8", "'16,8'", '" 16, 8 "'];
    for (const value of spellings) expect(attention(value), value).toBe("16,8");
    expect([attention("14"), attention("null")]).toEqual(["14", null]);
    expect(run("model.attention_resolutions=14,7", "-m").members).toHaveLength(2);
    for (const bad of ["''", "a", "'1,'", "0", "'1,0'", "0.0", ".", "-1", "'1 2'"])
      expect(problems(`model.channel_mult=${bad}`), bad).toHaveLength(1);
    for (const good of [".5", "1.", "'0.5,1'", "10"])
      expect(onlyConfig(`model.channel_mult=${good}`).model.name, good).toBe("UNET");
  });
});

describe("--help", () => {
  it("lists all groups with what their presets are", () => {
    const groups = presetGroups("train");
    expect(groups.map(({ name, standard }) => [name, standard])).toEqual([
      ["dataset", "mnist_transfer"],
      ["method", "dbdsb"],
      ["model", "UNET"],
    ]);
    expect(presetGroups("test")).toEqual(groups);
    expect([presetGroups("gaussian"), presetGroups("nothing")]).toEqual([[], []]);
    for (const { presets } of [...groups, ...presetGroups("launcher")])
      for (const { name, about } of presets) expect(about, name).toMatch(/^[\w ].{10,}/);
    const table = groupTable(groups).split("\n");
    expect(table).toHaveLength(groups.flatMap(({ presets }) => presets).length);
    expect(table[0]).toMatch(/^dataset=mnist_transfer {12}MNIST digits .* \(the default\)$/);
    expect(table.join("\n")).not.toContain("=_small");
    expect(groupTable([])).toBe("");
  });
});

describe("what follows other keys", () => {
  it("is filled in, and a complete configuration stays as it is", () => {
    const words = "num_iter=700 num_steps=20 cache_refresh_stride=null cache_npar=null";
    const config = onlyConfig(...split(`${words} gif_stride=null num_repeat_data=4`));
    const filled = split(`fb_sequence=[b,f] half_iterations=100 first_pass=1 keep_optimizer=true
      first_num_iter=700 test_num_steps=[20] cache_num_steps=20 cache_refresh_stride=700
      cache_npar=22400 gif_stride=700 checkpoint_stride=700 model.channel_mult='0.5,1,1'
      model.attention_resolutions=null`);
    const complete = completeTrain(config);
    const before = wordsOf(config);
    const added = wordsOf(complete).filter((word) => !before.includes(word));
    expect(added.sort()).toEqual(filled.sort());
    expect(completeTrain(complete)).toEqual(complete);
  });
});
