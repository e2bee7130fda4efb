import type { MetricRow, Verdict } from "@dsbm/runs";
import { evidenceOf, type VerdictFacts } from "./evidence.js";
import { nextStepOf } from "./next-step.js";
import { reasonOf } from "./sentences.js";

/**
 * The verdict on a direction from graded rows: the worse of main metric and classifier, and not
 * good if another metric is off. Without either it is "not measured" if the time was up, else null.
 */
export function verdictOn(
  direction: Verdict["direction"],
  rows: readonly MetricRow[],
  facts: VerdictFacts,
): Verdict | null {
  const evidence = evidenceOf(direction, rows);
  if (!evidence) return facts.isLate ? unmeasuredVerdict(direction, facts) : null;
  const { grade, main, deciding } = evidence;
  return {
    direction,
    grade,
    n_held_out: [...facts.n_held_out],
    reason: reasonOf(evidence, facts),
    main: main.name,
    decided_by: deciding.name,
    next: nextStepOf(evidence, facts),
  };
}

const unmeasuredVerdict = (
  direction: Verdict["direction"],
  { n_held_out, commands }: VerdictFacts,
): Verdict => ({
  direction,
  grade: "unmeasured",
  n_held_out: [...n_held_out],
  reason: "The time was up before this direction was measured.",
  next: commands ? { reason: "Measure it", command: commands.measure } : null,
});
