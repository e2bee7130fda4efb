// The method and the paths of a time course.
import { conditionColumn, massKeys } from "@dsbm/config";
import type { Datasets } from "@dsbm/datasets";
import type { Choices } from "./choices.js";
import { courseFacts } from "./facts.js";
import { pathRules } from "./rules/course.js";
import { rule } from "./rules/rule.js";

/** The user of one of these options has chosen the paths. */
const pathKeys = [
  "method",
  "interpolant",
  "first_coupling",
  "ot_sampler",
  "pairs",
  "n_ipf",
  ...massKeys,
];

/** Says why data with masses have a method with growth, which their options chose. */
export function chooseGrowth(choices: Choices): void {
  const { config } = choices.configuration;
  const key = massKeys.find((name) => choices.isGiven(name));
  if (key === undefined || choices.isGiven("method")) return;
  choices.add(rule("method", config.method, `${key}= gives masses: rows gain and lose mass`));
}

/** Chooses method and paths of a time course of vectors. Returns whether it chose. */
export function choosePaths(choices: Choices, datasets: Datasets): boolean {
  const { config, own } = choices.configuration;
  const isGiven = pathKeys.some((key) => choices.isGiven(key));
  const mayChoose = conditionColumn(config.data) === null && !isGiven;
  const course = mayChoose ? courseFacts(datasets, config.seed, own.max_minutes) : null;
  return course !== null && choices.addIfAllowed(pathRules(course));
}
