// Options that a configuration may have and that change nothing in it, each with its reason.
import { factsNamed, fewestMomentRows, type MethodFacts } from "@dsbm/bridge/facts";
import { type CompleteTrainConfig, completeTrain, type TrainConfig } from "./train.js";
import { cache, optimiser, training } from "./training.js";

const optionsOfNetworks = ["model", "dtype", "simulate_dtype"];
const optionsOfNoise = ["sde", "step_variance", "last_noise"];
const optionsOfGammas = ["gamma_min", "gamma_max", "symmetric_gamma"];
const optionsOfMixtures = ["mixture_components", "mixture_spread"];
const optionsOfCaches = ["cache_npar", "cache_batch_size", "cache_refresh_stride"];

/** Options of training steps, without the options of samples and evaluations. */
const optionsOfSteps = Object.keys({ ...training, ...optimiser, ...cache }).filter(
  (key) => !["num_steps", "test_num_steps", "step_variance", "last_noise"].includes(key),
);

/** Whether noise decides neither the pairs nor the paths. */
const isStraightFlow = (
  { ot_sampler }: TrainConfig,
  { predicts, straight, takes }: MethodFacts,
): boolean =>
  predicts === "velocity" &&
  straight &&
  (takes.ignored.includes("ot_sampler") || ot_sampler !== "sinkhorn");

/** Keys, or whole groups of keys, with the reason if they change nothing. */
type UnusedRow = readonly [keys: readonly string[], isUnused: boolean, reason: string];

function rowsOf(config: CompleteTrainConfig, facts: MethodFacts): UnusedRow[] {
  const { method, sigma, precondition, growth_coupling, online_cache, batch_size } = config;
  const { langevin_scale, mean_match } = config;
  const { closedForm, drawsPlan, simulation } = facts;
  const isFlow = facts.predicts === "velocity";
  const hasOwnLoss = facts.ownLoss || precondition !== false;
  const makesRowsInSteps = simulation === "step" && !online_cache;
  const hasMixture = drawsPlan || precondition === "mixture";
  return [
    [
      [...optionsOfSteps, "loss_scale", "first_coupling", "first_pass"],
      closedForm,
      `${method} is fitted at once, without training steps`,
    ],
    [optionsOfNetworks, closedForm || drawsPlan, `${method} has no network`],
    [
      ["loss_scale", "loss_reduction"],
      hasOwnLoss,
      `${facts.ownLoss ? method : `precondition=${precondition}`} has a loss of its own`,
    ],
    [facts.takes.unused, true, `${method} does not use it`],
    [[...optionsOfNoise, "loss_scale"], isFlow, `${method} is a flow, whose samples have no noise`],
    [
      ["sigma"],
      isStraightFlow(config, facts),
      `paths of ${method} have no noise, and any number gives equal steps`,
    ],
    [
      ["loss_scale"],
      facts.discreteSteps && langevin_scale === null && !mean_match,
      "errors are in units of 2*sqrt(gamma) with and without it",
    ],
    [optionsOfGammas, sigma !== null, `sigma=${sigma} sets the noise`],
    [optionsOfMixtures, !hasMixture, `${method} fits no mixture`],
    [["ot_penalty"], growth_coupling !== "vgfm", `growth_coupling=${growth_coupling} has none`],
    [
      ["first_coupling"],
      !facts.firstCoupling && !drawsPlan,
      `${method} has one way to make its first pairs`,
    ],
    [optionsOfCaches, makesRowsInSteps, `${method} makes new rows in every step`],
    [["cache_num_steps"], simulation === "never", `${method} simulates no training pairs`],
    [
      ["cache_num_steps", "first_pass"],
      simulation === "teacher",
      `the run that ${method} learns from simulates all pairs, in its own steps`,
    ],
    [
      ["match_moments"],
      makesRowsInSteps && batch_size < fewestMomentRows,
      `${batch_size} rows are too few for moments: write batch_size=${fewestMomentRows} or more`,
    ],
  ];
}

/**
 * The options that change nothing in this configuration, each with its reason: dotted keys of `given`, or of all root keys.
 */
export function unusedOptions(
  config: TrainConfig,
  given: readonly string[] = Object.keys(config),
): Readonly<Record<string, string>> {
  const rows = rowsOf(completeTrain(config), factsNamed(config.method)).filter(
    ([, isUnused]) => isUnused,
  );
  const reasonOf = (key: string) =>
    rows.find(([keys]) => keys.some((one) => key === one || key.startsWith(`${one}.`)))?.[2];
  // The name of a network also says what a sample is.
  const isOption = (key: string) => key !== "model" && key !== "model.name";
  const found = given.filter(isOption).map((key) => [key, reasonOf(key)] as const);
  return Object.fromEntries(found.filter((row): row is [string, string] => row[1] !== undefined));
}
