import type { MetricRow, Verdict } from "@dsbm/runs";
import { evidenceOf, type VerdictFacts } from "./evidence.js";
import { nextStepOf } from "./next-step.js";
import { reasonOf } from "./sentences.js";

/**
 * The verdict on a direction from graded rows: the worse of main metric and classifier, and not
 * good if another metric is off. Returns null without either.
 */
export function verdictOn(
  direction: Verdict["direction"],
  rows: readonly MetricRow[],
  facts: VerdictFacts,
): Verdict | null {
  const evidence = evidenceOf(direction, rows);
  if (!evidence) return null;
  const { grade, main } = evidence;
  return {
    direction,
    grade,
    n_held_out: [...facts.n_held_out],
    reason: reasonOf(evidence, facts),
    main: main.name,
    next: nextStepOf(evidence, facts),
  };
}
