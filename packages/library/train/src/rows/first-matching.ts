import {
  type Matching,
  matchConditions,
  matchIntervals,
  matchKnown,
  onlyIntervals,
} from "@dsbm/bridge";
import type { CompleteProblem } from "../problem.js";

/** Known pairs, rows of one condition, and rows of one interval; null: independent pairs. */
export function firstMatching({
  data,
  method: { matchConditions: byCondition },
}: Pick<CompleteProblem, "data" | "method">): Matching | null {
  if (data.pairs && data.chain && !byCondition)
    return matchKnown({ ...data, conditions: onlyIntervals(data.conditions) }, data.pairs, {
      byCondition: true,
    });
  if (data.pairs) return matchKnown(data, data.pairs, { byCondition });
  if (byCondition) return matchConditions(data.conditions);
  return data.chain ? matchIntervals(data.conditions) : null;
}
