// The number of iterations, and the options that the number of iterations makes needless.
import { type MethodFacts, methodFacts } from "@dsbm/bridge";
import { type CompleteTrainConfig, unusedOptions } from "@dsbm/config";
import { type Rule, rule } from "./rule.js";

/** The facts of the method of a configuration. */
export const methodOf = ({ method }: Pick<CompleteTrainConfig, "method">): MethodFacts =>
  methodFacts(method);

/** Whether the method is fitted in closed form, without steps of training. */
export const isFitted = (config: CompleteTrainConfig): boolean => methodOf(config).closedForm;

/** Whether the method has a model of its own, and trains no network. */
export const hasOwnModel = (config: CompleteTrainConfig): boolean =>
  isFitted(config) || methodOf(config).drawsPlan;

const isIterated = ({ predicts, simulation }: MethodFacts): boolean =>
  predicts === "drift" && simulation !== "never";

const repeats = ({ half_iterations, first_pass }: CompleteTrainConfig): boolean =>
  half_iterations > first_pass;

/** Whether later iterations replace independent first pairs. */
export const refinesPairs = (config: CompleteTrainConfig): boolean =>
  isIterated(methodOf(config)) && repeats(config) && config.first_coupling === "ind";

/** Whether the reference process makes the first pairs. */
export function startsFromReference(config: CompleteTrainConfig): boolean {
  const method = methodOf(config);
  const isIpf = isIterated(method) && config.first_coupling === "ref";
  return method.predicts === "increment" || isIpf;
}

/** The iterations of IMF from OT pairs. */
export const twoIterations = rule(
  "n_ipf",
  2,
  "the first iteration trains on OT pairs, the second on pairs of the bridge",
);

const fiveIterations = rule(
  "n_ipf",
  5,
  "IPF starts at the reference process and comes closer to the data in each iteration",
);

/** One iteration if the time allows few steps. */
export const oneIteration = (steps: number): Rule =>
  rule("n_ipf", 1, `two iterations would have only ${steps} steps in each half-iteration`);

/** Chooses the iterations of a method. Returns null if the method has none, or the configuration has fewer. */
export function chooseIterations(config: CompleteTrainConfig): Rule | null {
  const { predicts, drawsPlan, simulation, closedForm } = methodOf(config);
  if (closedForm || drawsPlan) return null;
  const once = (reason: string) => rule("n_ipf", 1, reason);
  if (simulation === "never") return once("a second one would train on the same pairs");
  if (predicts === "velocity")
    return once("a second one would make the flow straighter, but take as long");
  const iterations = startsFromReference(config) ? fiveIterations : twoIterations;
  return config.n_ipf >= Number(iterations.value) ? iterations : null;
}

/** The options that no rule need choose for this method and its iterations. */
export function needlessOptions(config: CompleteTrainConfig): readonly string[] {
  const { closedForm, predicts, simulation } = methodOf(config);
  const simulates = simulation !== "never" && repeats(config);
  const caches = simulates && config.cache === "disk";
  return [
    // Without a sigma, steps of a flow follow gamma_min and gamma_max.
    ...Object.keys(unusedOptions(config)).filter((key) => key !== "sigma" || closedForm),
    ...(hasOwnModel(config) ? ["lr"] : []),
    ...(simulates ? [] : ["cache_npar", "cache_refresh_stride"]),
    // Discrete DSB simulates steps, not endpoints.
    ...(simulates && predicts !== "increment" ? [] : ["match_moments"]),
    ...(simulation === "step" && caches ? [] : ["online_cache"]),
  ];
}

/** Passes over the smaller dataset in a half-iteration; more would overfit. */
const largestPasses = 400;

/** The largest number of steps of a half-iteration. */
export const largestSteps = (rows: number, batch: number, isGrowthCourse: boolean): number =>
  Math.max(isGrowthCourse ? 9000 : 3000, Math.ceil((largestPasses * rows) / batch));
