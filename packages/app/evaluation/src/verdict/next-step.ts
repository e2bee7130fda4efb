// What to do after a verdict.
import { digits } from "@dsbm/files";
import type { MetricRow, NextStep } from "@dsbm/runs";
import type { Evidence, VerdictFacts } from "./evidence.js";
import { farShare, judge, leastPower, nearOf } from "./grade.js";
import { endNamesOf } from "./sentences.js";

/** The next step of a direction; null if the facts have no commands. */
export function nextStepOf(evidence: Evidence, facts: VerdictFacts): NextStep | null {
  const { grade, isOff, direction } = evidence;
  const { isCut, what, commands } = facts;
  if (!commands) return null;
  if (grade === "good")
    return { reason: "Use it", command: `${commands.sample} direction=${direction}` };
  const isTold = judge(evidence.accuracy).isOff && !judge(evidence.main).isOff;
  if (isTold && facts.rounding) return facts.rounding;
  const { openColumns } = evidence;
  const ranging = isTold && openColumns.length > 0 ? facts.ranging?.(openColumns) : null;
  if (ranging) return ranging;
  if (evidence.blinded && facts.rescaling) return facts.rescaling;
  const longer: NextStep = commands.network
    ? { reason: "Train a network instead of a closed form", command: commands.network }
    : { reason: "Train for longer", command: commands.longer };
  if (isOff && grade !== "undecided") return longer;
  if (isCut) return { reason: `Evaluate all held-out ${what}`, command: commands.measure };
  const more = moreRows(evidence, facts);
  if (!isOff) return { reason: more, command: null };
  return { ...longer, reason: `${more} ${longer.reason}` };
}

/** How many rows would decide. */
function moreRows(evidence: Evidence, facts: VerdictFacts): string {
  const { what, n_held_out } = facts;
  const { start, end } = endNamesOf(evidence, facts);
  const factors = [evidence.main, evidence.accuracy].map(rowsFactor);
  const factor = factors.includes(null) ? null : Math.max(...(factors as number[]));
  if (factor === null)
    return `By these held-out ${what}, ${start} and ${end} cannot be told apart: more ${what} help only if the two differ.`;
  const needed = Math.max(...n_held_out.map((n) => roundedUp(n * factor)));
  const gain = evidence.grade === "undecided" ? "decide it" : "show whether it is good";
  return `Give more ${what}: about ${digits(needed)} held-out ${what} of each dataset would ${gain}.`;
}

/** The factor of rows that decides, or null if no number does. */
function rowsFactor(row: MetricRow): number | null {
  const { excess } = row;
  if (!excess) return 1;
  const { value, high, power, more } = excess;
  if (power < leastPower) return more;
  // The interval of squared distances falls as 1/n. A metric that is off can only become partial.
  const part = judge(row).isOff
    ? (high - value) / (farShare - value)
    : Math.min(1, high) / nearOf(row);
  return Math.max(1, part ** 2);
}

function roundedUp(n: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(n)) - 1);
  return Math.ceil(n / unit) * unit;
}
