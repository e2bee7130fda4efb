// Keys that are right one by one can be wrong together. Whatever can be known without data, networks and the engine
// is checked here, before anything is loaded: each line says what was given, what was expected, and what to do.

import { printValue } from "../words/value.js";
import { completeFiles, completeTrain } from "./complete.js";
import { formulaProblems } from "./langevin.js";
import type { TrainConfig } from "./schema.js";

/** A problem, or false where there is none. */
type Line = string | false;

/** One line for each problem of keys together; `choices` are the presets that were chosen, by group. */
export function checkTrain(
  config: TrainConfig,
  choices: Readonly<Record<string, string | null>> = {},
): string[] {
  const lines = [
    ...methodLines(config, choices.method ?? null),
    ...ownFormLines(config),
    ...preconditionLines(config),
    ...stepLines(config),
    ...couplingLines(config),
    ...momentLines(config),
    ...pairLines(config),
    ...guidanceLines(config),
    ...(config.method === "dsb" ? dsbLines(config) : notDsbLines(config)),
    ...dataLines(config),
    ...tableLines(config),
    ...chainLines(config),
    ...batchLines(config),
    ...(config.checkpoint_run ? startLines(config) : unreadLines(config)),
  ];
  return lines.filter((line) => line !== false);
}

function methodLines(config: TrainConfig, preset: string | null): Line[] {
  const { gamma_min, gamma_max, symmetric_gamma, num_steps, eps, method, sigma } = config;
  const { first_coupling, n_ipf } = config;
  return [
    eps === 0 &&
      ["dsbm", "sbcfm", "sf2m", "alpha_dsbm"].includes(method) &&
      `eps=0 makes the target of ${method} infinite: write eps=1e-3 or leave it out`,
    sigma === null &&
      gamma_min > gamma_max &&
      `gamma_min=${gamma_min} is more than gamma_max=${gamma_max}: ` +
        "write the smaller one as gamma_min, or the same number twice for constant steps",
    // Half a schedule and its mirror image have an even number of steps.
    sigma === null &&
      symmetric_gamma &&
      num_steps % 2 !== 0 &&
      `symmetric_gamma=true mirrors half of the schedule, which num_steps=${num_steps} has no half ` +
        `of: write num_steps=${num_steps + 1} or symmetric_gamma=false`,
    ["rf", "otcfm", "bm"].includes(preset ?? "") &&
      first_coupling === "ref" &&
      `method=${preset} is trained on independent pairs, got first_coupling=ref: ` +
        "leave first_coupling out, or write method=dbdsb for the reference process",
    preset === "bm" &&
      n_ipf > 1 &&
      `method=bm is one iteration, got n_ipf=${n_ipf}: leave n_ipf out, ` +
        "or write method=dbdsb first_coupling=ind to iterate it",
  ];
}

/** Methods whose networks give a drift by a form of their own, for Brownian motion. */
const OWN_FORM = [
  "alpha_dsbm",
  "sf2m",
  "lightsb",
  "lightsb_m",
  "gaussian_bridge",
  "sinkhorn_bridge",
];

function ownFormLines(config: TrainConfig): Line[] {
  const { method, mean_match, std_trick, sde, online_cache, cache } = config;
  if (online_cache && (method !== "alpha_dsbm" || cache !== "disk"))
    return [
      `online_cache=true is for method=alpha_dsbm with cache=disk, got method=${method} cache=${cache}: write these or leave it out`,
    ];
  if (!OWN_FORM.includes(method)) return [];
  return [
    sde === "vp" &&
      `sde=vp has a drift of its own, but method=${method} is for Brownian motion: write sde=ve`,
    mean_match &&
      `mean_match=true does not apply: method=${method} has an output of its own; leave it out`,
    std_trick &&
      `std_trick=true does not apply: method=${method} has an output of its own; leave it out`,
  ];
}

/** The drift between Gaussians, or of a mixture, is built into networks that predict a drift of Brownian motion, unscaled. */
function preconditionLines(config: TrainConfig): Line[] {
  const { precondition, method, sde, mean_match, std_trick, cdsb, data } = config;
  if (!precondition) return [];
  if (precondition === "mixture" && (cdsb || data.condition !== null))
    return [
      "precondition=mixture knows no condition: write precondition=true, or leave the condition out",
    ];
  return [
    !["dsbm", "alpha_dsbm"].includes(method) &&
      `precondition=${precondition} is for method=dsbm and method=alpha_dsbm, got method=${method}: leave it out`,
    sde === "vp" &&
      `precondition=${precondition} has a drift of Brownian motion built in, got sde=vp: write sde=ve`,
    (mean_match || std_trick) &&
      `precondition=${precondition} has an output of its own, got ${mean_match ? "mean_match" : "std_trick"}=true: write one of them`,
  ];
}

/** The noise of steps is measured from pairs, along drifts of Brownian motion. */
function stepLines({ step_variance, method, sde }: TrainConfig): Line[] {
  if (step_variance !== "analytic") return [];
  return [
    !["dsbm", "alpha_dsbm", "sf2m"].includes(method) &&
      `step_variance=analytic is for method=dsbm, alpha_dsbm and sf2m, got method=${method}: write step_variance=process`,
    sde === "vp" &&
      "step_variance=analytic is for Brownian motion, got sde=vp: write sde=ve, or step_variance=process",
  ];
}

/** match_conditions is accepted where no pairs are independent: presets of data have it for the methods that have some. */
function couplingLines(config: TrainConfig): Line[] {
  const { method, first_coupling, ot_sampler, ot_rows } = config;
  const { match_conditions, cdsb, model, data } = config;
  const classes = (model.name === "UNET" && model.class_cond) || data.condition !== null;
  return [
    ot_sampler !== null &&
      ["dsb_increments", "sbcfm"].includes(method) &&
      `ot_sampler=${ot_sampler} does not apply: ${method} makes its own pairs; leave it out`,
    ot_sampler !== null &&
      first_coupling !== "ind" &&
      ["dsbm", "alpha_dsbm"].includes(method) &&
      `ot_sampler=${ot_sampler} pairs independent points, but first_coupling=${first_coupling} has none: ` +
        "write first_coupling=ind",
    ot_rows !== null &&
      ot_sampler === null &&
      !["sbcfm", "sf2m"].includes(method) &&
      `ot_rows=${ot_rows} has no transport: write ot_sampler=exact first_coupling=ind, or leave it out`,
    match_conditions === true &&
      ot_sampler !== null &&
      `match_conditions=true pairs by condition what ot_sampler=${ot_sampler} pairs by distance: ` +
        "write match_conditions=false or ot_sampler=null",
    match_conditions === true &&
      !cdsb &&
      !classes &&
      "match_conditions=true needs conditions: write cdsb=true, model.class_cond=true or data.condition=COLUMN",
  ];
}

/** Ends that are simulated for training are those of a direction's drift or flow. */
function momentLines({ match_moments, method }: TrainConfig): Line[] {
  return [
    match_moments &&
      !["dsbm", "alpha_dsbm", "rectifiedflow"].includes(method) &&
      `match_moments=true is for method=dsbm, alpha_dsbm and rf, got method=${method}, which simulates no ends: leave it out`,
  ];
}

/** Methods that learn from no pairs of the ends. */
const UNPAIRED = ["dsb", "dsb_increments", "lightsb", "gaussian_bridge", "sinkhorn_bridge"];

function pairLines({ pairs, method, transfer }: TrainConfig): Line[] {
  return [
    pairs !== null &&
      UNPAIRED.includes(method) &&
      `pairs=${pairs} does not apply: method=${method} learns from no pairs; leave it out`,
    pairs !== null &&
      !transfer &&
      `pairs=${pairs} pairs rows of two data sets, but transfer=false has a Gaussian at time 1: write transfer=true or leave pairs out`,
  ];
}

function guidanceLines({ condition_dropout, cdsb, data, model, method }: TrainConfig): Line[] {
  const conditioned =
    cdsb || data.condition !== null || (model.name === "UNET" && model.class_cond);
  const isFitted = ["lightsb", "lightsb_m", "gaussian_bridge", "sinkhorn_bridge"].includes(method);
  return [
    condition_dropout > 0 &&
      !conditioned &&
      `condition_dropout=${condition_dropout} withholds conditions, but there are none: write cdsb=true, model.class_cond=true or data.condition=COLUMN, or leave it out`,
    condition_dropout > 0 &&
      conditioned &&
      isFitted &&
      `condition_dropout=${condition_dropout} is for networks, which method=${method} has none of: leave it out`,
  ];
}

function notDsbLines({
  method,
  loss_scale,
  langevin_scale,
  var_final_gamma_scale,
}: TrainConfig): Line[] {
  return [
    typeof loss_scale !== "boolean" &&
      `loss_scale=${JSON.stringify(loss_scale)} is a weight of its own, which only method=dsb takes: ` +
        "write loss_scale=true or loss_scale=false",
    langevin_scale !== null &&
      `langevin_scale=${langevin_scale} belongs to method=dsb, got method=${method}: leave it out`,
    var_final_gamma_scale &&
      `var_final_gamma_scale=true belongs to method=dsb, got method=${method}: leave it out`,
  ];
}

/** Keys of continuous time do not apply to the discrete process. first_coupling=ind is accepted: presets of data have it. */
function dsbLines(config: TrainConfig): Line[] {
  const { num_steps, ot_sampler, std_trick, num_repeat_data, normalize_x1 } = config;
  const others = (["test_num_steps", "cache_num_steps"] as const).filter((key) =>
    [config[key] ?? num_steps].flat().some((steps) => steps !== num_steps),
  );
  return [
    ...formulaProblems(config),
    ...others.map(
      (key) =>
        `${key}=${printValue(config[key])}, but method=dsb learns the num_steps=${num_steps} steps one by one ` +
        `and has no others: leave ${key} out`,
    ),
    ot_sampler !== null &&
      `ot_sampler=${ot_sampler} pairs independent points, but method=dsb starts from its reference: ` +
        "leave ot_sampler out",
    std_trick &&
      "std_trick=true divides by the deviation of a bridge, which method=dsb has none of: " +
        "leave std_trick out, or write langevin_scale=…",
    num_repeat_data > 1 &&
      `num_repeat_data=${num_repeat_data} gives each pair fresh times, but rows of method=dsb have ` +
        "their own: leave num_repeat_data out",
    normalize_x1 &&
      "normalize_x1=true standardises simulated pairs, but method=dsb trains on the steps between: " +
        "leave normalize_x1 out",
  ];
}

function dataLines(config: TrainConfig): Line[] {
  const { transfer, Dataset, Dataset_transfer, normalize_x1, wavenumber, cdsb, data, model } =
    config;
  const { cond_channels, n_test, dim } = data;
  const { inception, fid_statistics } = config.metrics;
  const ends = [Dataset, transfer ? Dataset_transfer : null].filter((name) => name !== null);
  return [
    Dataset === "gaussian" &&
      dim !== null &&
      n_test !== null &&
      n_test <= dim &&
      `data.n_test=${n_test} is too few for the covariance of data.dim=${dim}: write data.n_test=${dim + 1} or more`,
    transfer &&
      Dataset_transfer === null &&
      data.split_by === null &&
      "transfer=true needs data at time 1, got Dataset_transfer=null: " +
        "write Dataset_transfer=… or transfer=false",
    transfer &&
      normalize_x1 &&
      "normalize_x1=true standardises towards a Gaussian, but transfer=true has data at time 1: " +
        "leave normalize_x1 out or write transfer=false",
    cdsb &&
      data.random_flip &&
      "data.random_flip=true mirrors samples but not the condition of cdsb=true: " +
        "leave data.random_flip out",
    ...(["adaptive_mean", "final_adaptive"] as const).map(
      (key) =>
        transfer &&
        config[key] &&
        `${key}=true estimates the Gaussian at time 1, but transfer=true has data there: ` +
          `leave ${key} out or write transfer=false`,
    ),
    wavenumber !== 0 &&
      !ends.some((name) => name.startsWith("downscaler")) &&
      `wavenumber=${wavenumber} selects a segment of downscaler data, but the data are ` +
        `${ends.join(" and ")}: leave wavenumber out or write dataset=downscaler_transfer`,
    cdsb !== cond_channels > 0 &&
      `cdsb=${cdsb} does not go with data.cond_channels=${cond_channels}: ` +
        (cdsb
          ? "write how many channels the condition has, or cdsb=false"
          : "write cdsb=true, or data.cond_channels=0"),
    cdsb === cond_channels > 0 &&
      model.name === "DownscalerUNET" &&
      !cdsb &&
      "model.name=DownscalerUNET needs a condition, got cdsb=false: " +
        "write dataset=downscaler_transfer, or model=UNET for these images",
    fid_statistics !== null &&
      inception === null &&
      `metrics.fid_statistics=${fid_statistics} are statistics of Inception's features, got metrics.inception=null: ` +
        "name its file too, metrics.inception=inception-2015-12-05.pt",
  ];
}

/** Keys of the user's own tables. */
function tableLines({
  data,
  model,
  cdsb,
  ot_sampler,
  match_conditions,
  transfer,
}: TrainConfig): Line[] {
  const { condition, split_by, source, target } = data;
  const both = source !== null && target !== null;
  return [
    split_by !== null &&
      transfer &&
      !both &&
      `data.split_by=${split_by} needs the values of both ends, got data.source=${source} data.target=${target}: write both`,
    split_by === null &&
      (source ?? target) !== null &&
      `data.source=${source} data.target=${target} are values of a column that is not named: write data.split_by=COLUMN, or leave them out`,
    condition !== null &&
      model.name !== "MLP" &&
      `data.condition=${condition} conditions networks of vectors, got model.name=${model.name}: write model=MLP`,
    condition !== null &&
      cdsb &&
      `data.condition=${condition} is a column of a table, but cdsb=true takes a condition of fields: write cdsb=false`,
    condition !== null &&
      ot_sampler !== null &&
      match_conditions !== false &&
      `ot_sampler=${ot_sampler} pairs by distance what data.condition=${condition} pairs by condition: write ot_sampler=null`,
  ];
}

/** Several marginals in a row. */
function chainLines(config: TrainConfig): Line[] {
  const { Dataset_between, times, transfer, data, sde, model } = config;
  if (Dataset_between === null)
    return [
      times !== null &&
        `times=${printValue(times)} are those of several data sets, got two: leave times out, or give a data set for each`,
    ];
  const n = Dataset_between.length + 2;
  const rises = times?.every((t, i) => i === 0 || t - (times[i - 1] as number) > 1e-6) ?? true;
  return [
    times !== null &&
      times.length !== n &&
      `times=${printValue(times)} has ${times.length} times for ${n} data sets: expected one for each`,
    times !== null &&
      (!rises || times[0] !== 0 || times.at(-1) !== 1) &&
      `times=${printValue(times)}: expected numbers that rise from 0 to 1, such as times=[0,0.5,1]`,
    !transfer &&
      "Dataset_between has data at times between, but transfer=false has none at time 1: leave one of them out",
    data.split_by !== null &&
      `data.split_by=${data.split_by} tells two groups of one table apart, got ${n} data sets: give a file for each time`,
    sde === "vp" && `sde=vp is for two data sets, got ${n}: write sde=ve`,
    model.name !== "MLP" &&
      `${n} data sets in a row are for vectors, got model.name=${model.name}: pictures have two data sets`,
  ];
}

function batchLines(config: TrainConfig): Line[] {
  const { batch_size, num_repeat_data: repeat, nproc, share_batch, cache, data } = config;
  const { cache_npar } = completeTrain(config);
  const pairs = Math.floor(batch_size / repeat);
  const whole = batch_size % repeat === 0;
  return [
    !whole &&
      `batch_size=${batch_size} is no multiple of num_repeat_data=${repeat}, the rows that ` +
        `one pair takes: write batch_size=${(pairs + 1) * repeat}`,
    whole &&
      cache === "disk" &&
      cache_npar < pairs &&
      `cache_npar=${cache_npar} is fewer than the ${pairs} pairs of a batch (batch_size=${batch_size} / ` +
        `num_repeat_data=${repeat}): write cache_npar=${pairs} or more`,
    cache === "epoch" &&
      data.n_train !== null &&
      batch_size > data.n_train &&
      `batch_size=${batch_size} is more than data.n_train=${data.n_train}, which leaves no full batch: ` +
        `write batch_size=${data.n_train} or less`,
    nproc > pairs &&
      share_batch !== false &&
      `nproc=${nproc} is more than the ${pairs} pairs of a batch (batch_size=${batch_size}): ` +
        `write nproc=${pairs} or less, a larger batch_size, or share_batch=false`,
  ];
}

/** The keys of files that a start by hand reads. */
const given = (config: TrainConfig): string[] =>
  Object.entries(completeFiles(config)).flatMap(([key, file]) => (file === null ? [] : [key]));

function unreadLines(config: TrainConfig): Line[] {
  const keys = [...given(config), ...(config.checkpoint_dir === null ? [] : ["checkpoint_dir"])];
  return [
    keys.length > 0 &&
      `${keys.join(", ")} would not be read, because checkpoint_run=false: write checkpoint_run=true`,
  ];
}

/** A start by hand must have the files that the half-iteration needs, or it would go on from an untrained network. */
function startLines(typed: TrainConfig): Line[] {
  const config = { ...typed, ...completeFiles(typed) };
  const { checkpoint_pass: pass, checkpoint_it, checkpoint_iter, n_ipf, first_coupling } = config;
  if (given(typed).length === 0) {
    return [
      "checkpoint_run=true names no file to start from: write checkpoint_b=… or checkpoint_f=…, " +
        "or leave checkpoint_run out to go on from the newest checkpoint",
    ];
  }
  const other = pass === "b" ? "f" : "b";
  const untrained = checkpoint_it === 1 && (pass === "b" || first_coupling === "ind");
  const simulator = config[`sample_checkpoint_${other}`] ?? config[`checkpoint_${other}`];
  return [
    checkpoint_it > n_ipf &&
      `checkpoint_it=${checkpoint_it} is beyond the last iteration n_ipf=${n_ipf}: write n_ipf=${checkpoint_it} or more`,
    checkpoint_iter > 0 &&
      config[`checkpoint_${pass}`] === null &&
      `checkpoint_iter=${checkpoint_iter} goes on inside a ${pass} pass, whose weights are not given: ` +
        `write checkpoint_${pass}=…`,
    ...(["f", "b"] as const).map(
      (way) =>
        config[`optimizer_checkpoint_${way}`] !== null &&
        config[`checkpoint_${way}`] === null &&
        `optimizer_checkpoint_${way} belongs to weights that are not given: write checkpoint_${way}=…`,
    ),
    !untrained &&
      simulator === null &&
      `checkpoint_it=${checkpoint_it} checkpoint_pass=${pass} simulates pairs with the ${other} network, ` +
        `whose weights are not given: write sample_checkpoint_${other}=… or checkpoint_${other}=…`,
  ];
}
