// Options that a method takes, ignores or refuses, and options that need other options.
import { factsNamed, type MethodFacts, methodsWith } from "@dsbm/bridge/facts";
import { printValue, type Value } from "../tree.js";
import { hasRowCondition } from "./data.js";
import { takesVectors } from "./model.js";
import type { TrainConfig } from "./train.js";

/** A problem with its cure, or false. */
export type Line = string | false;

/** Whether networks take a condition or a class. */
export const isConditional = ({ cdsb, data, model }: TrainConfig): boolean =>
  cdsb || hasRowCondition(data) || (model.name === "UNET" && model.class_cond);

/** Whether pairs are joined by optimal transport. */
export const hasTransport = ({ ot_sampler, method }: TrainConfig): boolean =>
  ot_sampler !== null || factsNamed(method).ownCoupling;

const hasNoise = ({ transfer }: TrainConfig): boolean => !transfer;

const conditionCure =
  "needs conditions (cdsb=true, model.class_cond=true, data.condition=COLUMN or data.season=true)";
const noiseCure = "is for a Gaussian at time 1 (transfer=false)";

/** Options that need others. */
const requirements: Readonly<
  Record<string, [isMet: (config: TrainConfig) => boolean, why: string]>
> = {
  "interpolant=metric": [({ model }) => takesVectors(model), "is for vectors (model=MLP)"],
  path_metric: [({ interpolant }) => interpolant === "metric", "is for interpolant=metric"],
  path_potential: [({ interpolant }) => interpolant === "spline", "is for interpolant=spline"],
  online_cache: [({ cache }) => cache === "disk", "needs cache=disk"],
  ot_rows: [hasTransport, "has no transport (ot_sampler=exact first_coupling=ind)"],
  match_conditions: [isConditional, conditionCure],
  condition_dropout: [isConditional, conditionCure],
  normalize_x1: [hasNoise, noiseCure],
  adaptive_mean: [hasNoise, noiseCure],
  final_adaptive: [hasNoise, noiseCure],
  times: [
    ({ Dataset_between, data }) => (Dataset_between ?? data.between) !== null,
    "are for three datasets or more",
  ],
  wavenumber: [
    ({ Dataset, Dataset_transfer }) => /downscaler/.test(`${Dataset} ${Dataset_transfer}`),
    "is for downscaler data",
  ],
};

/** Options that some methods take only. */
const methodOptions = new Set(
  methodsWith(() => true).flatMap((name) => factsNamed(name).takes.options),
);

/** The methods with these facts, as users write them. */
const methodList = (isMet: (facts: MethodFacts) => boolean): string =>
  methodsWith(isMet)
    .flatMap((name) => factsNamed(name).presets)
    .join(", ");

/** The value of an option `key` or `key=value`; null if it is off or has another value. */
function givenValue(config: TrainConfig, option: string): Value {
  const [key = "", only] = option.split("=");
  const value = config[key as keyof TrainConfig] as Value;
  const isOn = only === undefined ? Boolean(value) : printValue(value) === only;
  return isOn ? value : null;
}

/** Lines for the options that a method with these `facts` does not take, or that need other options. */
export function optionLines(config: TrainConfig, { takes, discreteSteps }: MethodFacts): Line[] {
  const { method, loss_scale } = config;
  const line = (option: string, problem: string): Line => {
    const [key] = option.split("=");
    const value = givenValue(config, option);
    return value !== null && `${key}=${printValue(value)} ${problem}`;
  };
  return [
    ...Object.entries(takes.refused).map(([option, problem]) => line(option, problem)),
    !discreteSteps &&
      typeof loss_scale !== "boolean" &&
      `loss_scale=${printValue(loss_scale)} is a custom weight, which only method=${methodList((facts) => facts.discreteSteps)} takes: write loss_scale=true or loss_scale=false`,
    ...[...methodOptions].map(
      (option) =>
        !takes.options.includes(option) &&
        line(
          option,
          `is for method=${methodList((facts) => facts.takes.options.includes(option))}, got method=${method}: leave it out`,
        ),
    ),
    ...takes.ignored.map((option) =>
      line(option, `does not apply to method=${method}: leave it out`),
    ),
    ...Object.entries(requirements).map(
      ([option, [isMet, why]]) => !isMet(config) && line(option, `${why}: leave it out`),
    ),
  ];
}
