// What keys of a method ask of one another: couplings, reference process, and forms that networks have built in.

import { printValue } from "../words/value.js";
import { formulaProblems } from "./langevin.js";
import type { TrainConfig } from "./schema.js";

/** A problem, or false where there is none. */
export type Line = string | false;

/** The problems of a method's keys; `preset` is the one that was chosen for it. */
export function methodProblems(config: TrainConfig, preset: string | null): Line[] {
  return [
    ...methodLines(config, preset),
    ...ownFormLines(config),
    ...preconditionLines(config),
    ...stepLines(config),
    ...couplingLines(config),
    ...momentLines(config),
    ...pairLines(config),
    ...guidanceLines(config),
    ...(config.method === "dsb" ? dsbLines(config) : notDsbLines(config)),
  ];
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

/** Methods that see each end by itself. */
const OF_ENDS = ["lightsb", "gaussian_bridge", "sinkhorn_bridge"];

/** Methods that learn from no pairs of the ends. */
const UNPAIRED = ["dsb", "dsb_increments", ...OF_ENDS];

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
      OF_ENDS.includes(method) &&
      `ot_sampler=${ot_sampler} does not apply: method=${method} learns from no pairs; leave it out`,
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
      cdsb &&
      ot_sampler !== null &&
      `match_conditions=true pairs fields of one condition, which leaves ot_sampler=${ot_sampler} nothing to pair: ` +
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
