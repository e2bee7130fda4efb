import { printValue, type Value } from "../tree.js";
import { conditionColumn } from "./data.js";
import { checkFormulas } from "./langevin.js";
import type { TrainConfig } from "./train.js";

/** A problem with its cure, or false. */
export type Line = string | false;

const ownForm = [
  "alpha_dsbm",
  "sf2m",
  "wfr_bridge",
  "lightsb",
  "lightsb_m",
  "gaussian_bridge",
  "sinkhorn_bridge",
];

const endsOnly = ["lightsb", "gaussian_bridge", "sinkhorn_bridge"];

/** Methods with mean paths between pairs. */
export const pathMethods: readonly string[] = ["rectifiedflow", "sf2m", "wfr", "wfr_bridge"];

const takenBy: Readonly<Record<string, readonly string[]>> = {
  precondition: ["dsbm", "alpha_dsbm"],
  "step_variance=analytic": ["dsbm", "alpha_dsbm", "sf2m"],
  match_moments: ["dsbm", "alpha_dsbm", "rectifiedflow"],
  "interpolant=metric": pathMethods,
  "interpolant=spline": pathMethods,
  path_noise: pathMethods,
  path_potential: ["rectifiedflow", "sf2m"],
  delta: ["wfr", "wfr_bridge"],
  mass: ["wfr", "wfr_bridge", "lightsb"],
  birth: ["wfr", "wfr_bridge"],
  death: ["wfr", "wfr_bridge"],
  "growth_coupling=vgfm": ["wfr", "wfr_bridge"],
  mass_penalty: ["lightsb"],
  online_cache: ["alpha_dsbm"],
  langevin_scale: ["dsb"],
  var_final_gamma_scale: ["dsb"],
};

const uselessTo: Readonly<Record<string, readonly string[]>> = {
  mean_match: [...ownForm, "wfr"],
  std_trick: [...ownForm, "wfr", "dsb"],
  ot_sampler: ["dsb", "dsb_increments", "sbcfm", "wfr", "wfr_bridge", ...endsOnly],
  pairs: ["dsb", "dsb_increments", ...endsOnly],
  normalize_x1: ["dsb"],
};

const isConditional = ({ cdsb, data, model }: TrainConfig): boolean =>
  cdsb || conditionColumn(data) !== null || (model.name === "UNET" && model.class_cond);

const hasTransport = ({ ot_sampler, method }: TrainConfig): boolean =>
  ot_sampler !== null || ["sbcfm", "sf2m", "wfr", "wfr_bridge"].includes(method);

const hasNoise = ({ transfer }: TrainConfig): boolean => !transfer;

const conditionCure =
  "needs conditions (cdsb=true, model.class_cond=true or data.condition=COLUMN)";
const noiseOnly = "is for a Gaussian at time 1 (transfer=false)";

/** Options that need others. */
const onlyWith: Readonly<Record<string, [isMet: (config: TrainConfig) => boolean, why: string]>> = {
  "interpolant=metric": [({ model }) => model.name === "MLP", "is for vectors (model=MLP)"],
  path_metric: [({ interpolant }) => interpolant === "metric", "is for interpolant=metric"],
  path_potential: [({ interpolant }) => interpolant === "spline", "is for interpolant=spline"],
  online_cache: [({ cache }) => cache === "disk", "needs cache=disk"],
  ot_rows: [hasTransport, "has no transport (ot_sampler=exact first_coupling=ind)"],
  match_conditions: [isConditional, conditionCure],
  condition_dropout: [isConditional, conditionCure],
  normalize_x1: [hasNoise, noiseOnly],
  adaptive_mean: [hasNoise, noiseOnly],
  final_adaptive: [hasNoise, noiseOnly],
  times: [
    ({ Dataset_between, data }) => (Dataset_between ?? data.between) !== null,
    "are for three datasets or more",
  ],
  wavenumber: [
    ({ Dataset, Dataset_transfer }) => /downscaler/.test(`${Dataset} ${Dataset_transfer}`),
    "is for downscaler data",
  ],
};

/** `preset`: the user's preset of the method. */
export function methodProblems(config: TrainConfig, preset: string | null): Line[] {
  return [
    ...methodLines(config, preset),
    ...optionLines(config),
    ...scheduleLines(config),
    ...couplingLines(config),
    ...conditionLines(config),
    ...(config.method === "dsb" ? discreteLines(config) : []),
  ];
}

function methodLines(config: TrainConfig, preset: string | null): Line[] {
  const { eps, method, first_coupling, n_ipf, loss_scale } = config;
  return [
    eps === 0 &&
      ["dsbm", "sbcfm", "sf2m", "wfr_bridge", "alpha_dsbm"].includes(method) &&
      `eps=0 makes the target of ${method} infinite: write eps=1e-3 or leave it out`,
    ["rf", "otcfm", "bm"].includes(preset ?? "") &&
      first_coupling === "ref" &&
      `method=${preset} is trained on independent pairs, got first_coupling=ref: leave first_coupling out, or write method=dbdsb for the reference process`,
    preset === "bm" &&
      n_ipf > 1 &&
      `method=bm has one iteration, got n_ipf=${n_ipf}: leave n_ipf out, or write method=dbdsb first_coupling=ind to iterate`,
    method !== "dsb" &&
      typeof loss_scale !== "boolean" &&
      `loss_scale=${printValue(loss_scale)} is a custom weight, which only method=dsb takes: write loss_scale=true or loss_scale=false`,
  ];
}

function optionLines(config: TrainConfig): Line[] {
  const { method } = config;
  const valueIfOn = (option: string): Value => {
    const [key = "", only] = option.split("=");
    const value = config[key as keyof TrainConfig] as Value;
    const isOn = only === undefined ? Boolean(value) : value === only;
    return isOn ? value : null;
  };
  const line = (option: string, problem: string): Line => {
    const [key] = option.split("=");
    const value = valueIfOn(option);
    return value !== null && `${key}=${printValue(value)} ${problem}: leave it out`;
  };
  return [
    ...Object.entries(takenBy).map(
      ([option, methods]) =>
        !methods.includes(method) &&
        line(option, `is for method=${methods.join(", ")}, got method=${method}`),
    ),
    ...Object.entries(uselessTo).map(
      ([option, methods]) =>
        methods.includes(method) && line(option, `does not apply to method=${method}`),
    ),
    ...Object.entries(onlyWith).map(
      ([option, [isMet, why]]) => !isMet(config) && line(option, why),
    ),
  ];
}

function scheduleLines(config: TrainConfig): Line[] {
  const { sigma, gamma_min, gamma_max, symmetric_gamma, num_steps, sde, method } = config;
  const { precondition, step_variance, mean_match, std_trick } = config;
  const brownian = [
    ownForm.includes(method) && `method=${method}`,
    precondition && `precondition=${precondition}`,
    step_variance === "analytic" && "step_variance=analytic",
  ];
  return [
    sigma === null &&
      gamma_min > gamma_max &&
      `gamma_min=${gamma_min} is more than gamma_max=${gamma_max}: write the smaller one as gamma_min, or the same number twice for constant steps`,
    sigma === null &&
      symmetric_gamma &&
      num_steps % 2 !== 0 &&
      `symmetric_gamma=true mirrors half of the schedule, which num_steps=${num_steps} has no half of: write num_steps=${num_steps + 1} or symmetric_gamma=false`,
    ...brownian.map(
      (option) =>
        sde === "vp" && option && `${option} is for Brownian motion, got sde=vp: write sde=ve`,
    ),
    precondition &&
      (mean_match || std_trick) &&
      `precondition=${precondition} sets the network's output, got ${mean_match ? "mean_match" : "std_trick"}=true: leave either out`,
  ];
}

function couplingLines(config: TrainConfig): Line[] {
  const { method, first_coupling, ot_sampler, pairs, transfer } = config;
  const { mass, mass_penalty, weights, birth, death, interpolant, step_variance, data } = config;
  const isSpline = interpolant === "spline";
  return [
    isSpline &&
      [pairs, birth, death, conditionColumn(data)].some((option) => option !== null) &&
      "interpolant=spline joins rows of all datasets, and takes neither pairs nor a condition nor birth and death, which belong to rows of two datasets: write interpolant=straight or metric, or leave them out",
    isSpline &&
      method === "rectifiedflow" &&
      ot_sampler === null &&
      "interpolant=spline joins rows by transport, got ot_sampler=null: write method=otcfm, or ot_sampler=exact",
    interpolant !== "straight" &&
      step_variance === "analytic" &&
      `interpolant=${interpolant} has no noise of straight bridges: leave step_variance=analytic out`,
    method === "lightsb" &&
      mass !== null &&
      mass_penalty === null &&
      `mass=${printValue(mass)} needs a method whose mass grows: write mass_penalty=1, or method=wfr`,
    pairs !== null &&
      weights !== null &&
      `weights=${weights} draws rows again, and pairs=${pairs} names rows of the file: leave either out`,
    ot_sampler !== null &&
      first_coupling !== "ind" &&
      ["dsbm", "alpha_dsbm"].includes(method) &&
      `ot_sampler=${ot_sampler} pairs independent points, but first_coupling=${first_coupling} has none: write first_coupling=ind`,
    (["wfr", "wfr_bridge"].includes(method) || mass_penalty !== null) &&
      !transfer &&
      `method=${method} moves mass between two datasets, but transfer=false has a Gaussian at time 1: write transfer=true`,
    pairs !== null &&
      !transfer &&
      `pairs=${pairs} pairs rows of two datasets, but transfer=false has a Gaussian at time 1: write transfer=true or leave pairs out`,
  ];
}

/**
 * match_conditions is accepted without independent pairs: presets set it for methods with
 * independent pairs.
 */
function conditionLines(config: TrainConfig): Line[] {
  const { match_conditions, cdsb, data, ot_sampler, precondition, method } = config;
  return [
    [...endsOnly, "lightsb_m"].includes(method) &&
      isConditional(config) &&
      `method=${method} is a closed form, which takes no condition: write method=dsbm, or leave the condition out`,
    match_conditions === true &&
      cdsb &&
      ot_sampler !== null &&
      `match_conditions=true pairs fields of one condition, which leaves ot_sampler=${ot_sampler} nothing to pair: write match_conditions=false or ot_sampler=null`,
    precondition === "mixture" &&
      (cdsb || conditionColumn(data) !== null) &&
      "precondition=mixture takes no condition: write precondition=true, or leave the condition out",
  ];
}

function discreteLines(config: TrainConfig): Line[] {
  const { num_steps, num_repeat_data } = config;
  checkFormulas(config);
  const stepKeys = (["test_num_steps", "cache_num_steps"] as const).filter((key) =>
    [config[key]].flat().some((steps) => (steps ?? num_steps) !== num_steps),
  );
  return [
    ...stepKeys.map(
      (key) =>
        `${key}=${printValue(config[key])}, but method=dsb learns the num_steps=${num_steps} steps one by one and has no other steps: leave ${key} out`,
    ),
    num_repeat_data > 1 &&
      `num_repeat_data=${num_repeat_data} gives each pair fresh times, but rows of method=dsb have their own: leave num_repeat_data out`,
  ];
}
