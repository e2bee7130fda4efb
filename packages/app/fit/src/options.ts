// The options of a method, its networks and its pairs.
import { type CompleteTrainConfig, hasRowCondition, massKeys } from "@dsbm/config";
import type { Datasets } from "@dsbm/datasets";
import { samplesName } from "@dsbm/evaluation";
import type { Choices } from "./choices.js";
import type { DataFacts } from "./facts.js";
import { growthRules } from "./rules/growth.js";
import {
  chooseIterations,
  hasOwnModel,
  methodOf,
  needlessOptions,
  refinesPairs,
  startsFromReference,
} from "./rules/iterations.js";
import { noiseRules } from "./rules/noise.js";
import { choosePlanRows } from "./rules/pairs.js";
import type { Rule } from "./rules/rule.js";
import { chooseRules } from "./rules/rules.js";

/** Chooses the options that the data decide. `hasPaths`: the paths of a course are chosen. */
export function chooseOptions(
  choices: Choices,
  datasets: Datasets,
  { facts, hasPaths }: { facts: DataFacts; hasPaths: boolean },
): void {
  const rules = rulesOf(choices, datasets, { facts, hasPaths });
  // The number of iterations decides whether pairs are simulated.
  const iterations =
    rules.find(({ key }) => key === "n_ipf") ?? chooseIterations(choices.configuration.config);
  if (iterations) choices.add(iterations);
  const { config, own } = choices.configuration;
  if (methodOf(config).mass) choices.add(...growthRules(facts, own.max_minutes));
  const noise = rules.find(({ key }) => key === "sigma")?.value ?? null;
  const sigma = choices.isGiven("sigma") ? config.sigma : (noise as number | null);
  choices.addIfAllowed(noiseRules(methodOf(config), facts, sigma));
  const needless = needlessOptions(config);
  choices.add(...networkChoices(rules, config).filter(({ key }) => !needless.includes(key)));
  choosePlan(choices, datasets, Math.min(...facts.rows));
}

/** Rules without the options of a network, if the method trains none: the network only says what a sample is. */
function networkChoices(rules: readonly Rule[], config: CompleteTrainConfig): Rule[] {
  if (!hasOwnModel(config)) return [...rules];
  return rules
    .filter(({ key }) => !key.startsWith("model."))
    .map((one) => (one.key === "model" ? { ...one, organising: true } : one));
}

/** The rules for the data, without the options that a method decides. */
function rulesOf(
  choices: Choices,
  datasets: Datasets,
  { facts, hasPaths }: { facts: DataFacts; hasPaths: boolean },
): Rule[] {
  const { config } = choices.configuration;
  const isGiven = (key: string) => choices.isGiven(key);
  const isConditional = hasRowCondition(config.data);
  const hasMethod = ["method", "first_coupling", ...massKeys].some(isGiven) || hasPaths;
  // A chosen method also chooses the coupling, unless the bridge refines its pairs.
  const ofMethod = refinesPairs(config) ? ["n_ipf"] : ["n_ipf", "ot_sampler"];
  // No two fields share a condition, so OT has nothing to pair.
  const methodKeys = [...(hasMethod ? ofMethod : []), ...(config.cdsb ? ["ot_sampler"] : [])];
  const pairKeys = ["precondition", "ot_sampler", "pairs"];
  return chooseRules(facts, {
    mayUseMixture: !isConditional && !config.cdsb && !hasMethod && !pairKeys.some(isGiven),
    sigma: isGiven("sigma") ? config.sigma : undefined,
    fromReference: startsFromReference(config),
    samples: samplesName({ ...datasets, shape: facts.shape }),
    addsDetail: config.pairs !== null && config.data.coarsen !== null,
  }).filter(({ key }) => !methodKeys.includes(key));
}

/** Chooses the rows of OT plans between rows that share a condition. */
function choosePlan(choices: Choices, datasets: Datasets, rows: number): void {
  const { config } = choices.configuration;
  const isPaired = config.ot_sampler !== null || methodOf(config).ownCoupling;
  if (!hasRowCondition(config.data) || !isPaired) return;
  const classes = datasets.columns?.condition?.classes?.length ?? null;
  choices.add(choosePlanRows(config.batch_size, classes, rows));
}
