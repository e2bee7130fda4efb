import { type Method, methodNamed, methods } from "@dsbm/bridge";
import {
  type CompleteTrainConfig,
  ConfigError,
  completeTrain,
  conditionColumn,
  configure,
  type FitConfig,
  fit,
  type Member,
  massKeys,
  printValue,
  processTimes,
} from "@dsbm/config";
import {
  type Datasets,
  loadDatasets,
  loadPairs,
  pictureFolders,
  pictureSizes,
  prepareDatasets,
} from "@dsbm/problem";
import type { Progress } from "@dsbm/runs";
import {
  chooseHeldOut,
  chooseRules,
  chooseScale,
  growthRules,
  iterationRule,
  pathRules,
  type Rule,
  rowsTogether,
  unusedKeys,
} from "./choose.js";
import { type DataFacts, dataFacts } from "./facts.js";
import type { Choice } from "./saved.js";

/** The datasets of a fit as overrides, and the user's overrides, which no choice replaces. */
export type FitRequest = Pick<Member<unknown>, "base" | "overrides">;

export interface Chosen {
  config: CompleteTrainConfig;
  own: Pick<FitConfig, "max_minutes" | "early_stop" | "holdout" | "at" | "loo">;
}

export const fitMember = ({ base, overrides }: FitRequest): Member<FitConfig> =>
  configure(fit, overrides, {
    names: { method: Object.keys(methods) },
    base,
  });

/** Throws ConfigError. */
export function configureFit({ base, overrides }: FitRequest, choices: readonly Choice[]): Chosen {
  const chosen = choices.filter(({ given }) => !given).map(({ key, value }) => [key, value]);
  const all = { base: { ...Object.fromEntries(chosen), ...base }, overrides };
  const { time: _, time_order: __, ...known } = fitMember(all).config;
  const { max_minutes, early_stop, holdout, at, loo, ...run } = known;
  const config = completeTrain(run);
  // A closed form has no steps to plan.
  const minutes = isFitted(config) ? null : max_minutes;
  const own = at === null ? null : processTimes(config, [at].flat());
  return { config, own: { max_minutes: minutes, early_stop, holdout, at: own, loo } };
}

export interface Prepared extends Chosen {
  choices: Choice[];
  facts: DataFacts;
}

/** Throws the errors of data and configuration. */
export async function prepare(
  request: FitRequest,
  { progress, signal }: { progress: Progress; signal: AbortSignal | undefined },
): Promise<Prepared> {
  const choices: Choice[] = [];
  const isGiven = (key: string) => Object.hasOwn(request.overrides, key);
  const choose = (rule: Rule) => {
    const { key } = rule;
    // The network of images is chosen before the images are read.
    if (choices.some((choice) => choice.key === key)) return;
    if (isGiven(key))
      choices.push({
        key,
        value: printValue(request.overrides[key] ?? null),
        reason: "it was given",
        given: true,
      });
    else if (!key.startsWith("model") || !isGiven("model")) choices.push({ ...rule, given: false });
  };
  const now = () => configureFit(request, choices);
  const folders = pictureFolders(now().config);
  if (folders.length > 0) {
    choose({ key: "model", value: "UNET", reason: "pictures" });
    for (const rule of await pictureSizes(folders)) choose(rule);
  }
  let { config } = now();
  await prepareDatasets(config, { progress, signal });
  let ends = loadDatasets(config);
  try {
    // Refuse unusable pairs before measurements.
    await loadPairs(config, ends, { signal });
    const columns = columnsOf(ends);
    if (columns) {
      choose(chooseScale(columns));
      // Of few rows, those held out would be missing in the masses of small groups.
      const held = methodOf(config).mass ? null : chooseHeldOut(Math.min(...rowsOf(ends)));
      if (held) choose(held);
      const { standardise, test_fraction } = config.data;
      config = now().config;
      if (config.data.standardise !== standardise || config.data.test_fraction !== test_fraction) {
        ends.dispose();
        await prepareDatasets(config, { progress, signal });
        ends = loadDatasets(config);
      }
    }
    const facts = dataFacts(ends, config.seed);
    const conditional = conditionColumn(config.data) !== null;
    // A chosen method also chooses the coupling, unless the bridge refines its pairs.
    const own = refinesPairs(config) ? ["n_ipf"] : ["n_ipf", "ot_sampler"];
    const mayBeSmooth = !conditional && !pathKeys.some(isGiven);
    const smooth = mayBeSmooth ? pathRules(facts) : [];
    const asChoices = smooth.map((one) => ({ ...one, given: false }));
    const paths = isAllowed(request, [...choices, ...asChoices]) ? smooth : [];
    paths.forEach(choose);
    const isTyped = ["method", "first_coupling", ...massKeys].some(isGiven) || paths.length > 0;
    // No two fields share a condition, so OT has nothing to pair.
    const methodKeys = [...(isTyped ? own : []), ...(config.cdsb ? ["ot_sampler"] : [])];
    const starts = ["method", "precondition", "first_coupling", "ot_sampler", "pairs"];
    const mayUseMixture = !conditional && !config.cdsb && !starts.some(isGiven);
    const sigma = isGiven("sigma") ? config.sigma : undefined;
    const fromReference = startsFromReference(config);
    const rules = chooseRules(facts, { mayUseMixture, sigma, fromReference }).filter(
      ({ key }) => !methodKeys.includes(key),
    );
    // The number of iterations decides whether pairs are simulated.
    const iterations = rules.find(({ key }) => key === "n_ipf") ?? iterationsOf(now().config);
    if (iterations) choose(iterations);
    const unused = unusedOf(now().config);
    if (methodOf(now().config).mass) growthRules(facts).forEach(choose);
    for (const rule of rules) if (!unused.includes(rule.key)) choose(rule);
    ({ config } = now());
    if (conditional && isTransported(config))
      choose(
        rowsTogether(
          config.batch_size,
          ends.columns?.condition?.classes?.length ?? null,
          Math.min(...facts.rows),
        ),
      );
    return { ...now(), choices, facts };
  } finally {
    ends.dispose();
  }
}

/** The user of one of these has chosen the paths. */
const pathKeys = [
  "method",
  "interpolant",
  "first_coupling",
  "ot_sampler",
  "pairs",
  "n_ipf",
  ...massKeys,
];

/** Whether the user's options agree with these choices. */
function isAllowed(request: FitRequest, choices: readonly Choice[]): boolean {
  try {
    configureFit(request, choices);
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

type MethodFacts = Pick<Method, "model" | "predicts" | "plan" | "rows" | "mass">;

const methodOf = ({ method }: CompleteTrainConfig): MethodFacts =>
  method === "dsb" ? { predicts: "increment" } : methodNamed(method);

export const isFitted = (config: CompleteTrainConfig): boolean =>
  methodOf(config).model?.fit !== undefined;

const isTransported = (config: CompleteTrainConfig): boolean =>
  config.ot_sampler !== null || methodOf(config).rows?.coupling !== undefined;

const isIterated = ({ predicts, rows, model }: MethodFacts): boolean =>
  predicts === "drift" && rows?.simulation !== "never" && !model?.fit;

function refinesPairs(config: CompleteTrainConfig): boolean {
  const repeats = config.half_iterations > config.first_pass;
  return isIterated(methodOf(config)) && repeats && config.first_coupling === "ind";
}

function startsFromReference(config: CompleteTrainConfig): boolean {
  const method = methodOf(config);
  const isIpf = isIterated(method) && config.first_coupling === "ref";
  return method.predicts === "increment" || isIpf;
}

function iterationsOf(config: CompleteTrainConfig): Rule | null {
  const { predicts, plan, rows, model } = methodOf(config);
  if (model?.fit || plan) return null;
  const rule = iterationRule({ predicts, rows, fromReference: startsFromReference(config) });
  return config.n_ipf >= Number(rule.value) ? rule : null;
}

function unusedOf(config: CompleteTrainConfig): readonly string[] {
  const method = methodOf(config);
  const repeats = config.half_iterations > config.first_pass;
  const simulates = !method.model?.fit && method.rows?.simulation !== "never" && repeats;
  return unusedKeys(method, { simulates, caches: simulates && config.cache === "disk" });
}

const rowsOf = ({ x0, between, x1 }: Datasets): number[] =>
  [x0, ...between, x1].map(({ train, test }) => train.size(0) + test.size(0));

function columnsOf({ columns, x0 }: Datasets) {
  if (!columns) return null;
  const { standardise, std } = columns.transform;
  return { standardise, std, names: x0.facts?.named ? x0.facts.columns : null };
}
