// What the user asks of `fit`, and the configuration that it has with the choices so far.
import { methodFacts, methods } from "@dsbm/bridge";
import {
  type CompleteTrainConfig,
  completeTrain,
  configure,
  type FitConfig,
  fit,
  type Member,
  type RegisteredNames,
} from "@dsbm/config";
import type { Choice } from "@dsbm/runs";
import { isFitted } from "./rules/iterations.js";

/** The datasets of a fit as overrides, and the user's overrides, which no choice replaces. */
export type FitRequest = Pick<Member<unknown>, "base" | "overrides">;

/** The configuration of a fit, and the options that only `fit` reads. */
export interface FitConfiguration {
  /** The configuration of the training. */
  config: CompleteTrainConfig;
  /** Time limit, hold-outs and leave-one-out. */
  own: Pick<FitConfig, "max_minutes" | "holdout" | "at" | "loo">;
}

/** Names of all methods: methods of a registry train one direction if both share a network. */
export const methodNames = (): RegisteredNames => ({
  method: Object.fromEntries(
    Object.keys(methods).map((name) => [
      name,
      { fb_sequence: methodFacts(name).networks === "each" ? null : ["b"] },
    ]),
  ),
});

/**
 * Checks the options of a request.
 * @throws {ConfigError}
 */
export const fitMember = ({ base, overrides }: FitRequest): Member<FitConfig> =>
  configure(fit, overrides, {
    names: methodNames(),
    base,
  });

/**
 * The configuration of a request with choices, which the user's values replace.
 * @throws {ConfigError}
 */
export function configureFit(
  { base, overrides }: FitRequest,
  choices: readonly Choice[],
): FitConfiguration {
  const chosen = choices.filter(({ given }) => !given).map(({ key, value }) => [key, value]);
  const all = { base: { ...Object.fromEntries(chosen), ...base }, overrides };
  const { time: _, time_order: __, ...known } = fitMember(all).config;
  const { max_minutes, holdout, at, loo, ...run } = known;
  const config = completeTrain(run);
  // A closed form has no steps to plan.
  const minutes = isFitted(config) ? null : max_minutes;
  return { config, own: { max_minutes: minutes, holdout, at, loo } };
}
