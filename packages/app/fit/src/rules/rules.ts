// The rules of `dsbm fit` for vectors and images (docs/guide/choosing.md).
import type { DataFacts } from "../facts.js";
import { imageRules } from "./images.js";
import { mixtureRules, pairRules } from "./pairs.js";
import type { Rule } from "./rule.js";
import { chooseSigma, startsFromMixture, type UserChoices } from "./sigma.js";
import { vectorRules } from "./vectors.js";

/** Chooses the options of vectors or images, in the order of printing. */
export function chooseRules(facts: DataFacts, choices: UserChoices = {}): Rule[] {
  const { shape, rows } = facts;
  const sigma = chooseSigma(facts, choices);
  const n = Math.min(...rows);
  if (shape.length > 1) return [sigma, ...imageRules(facts, n, choices)];
  const fromMixture = startsFromMixture(facts, choices);
  const common = vectorRules(facts, {
    n,
    sigma: choices.sigma ?? (sigma.value as number),
    fromMixture,
  });
  return [sigma, ...common, ...(fromMixture ? mixtureRules : pairRules)];
}
