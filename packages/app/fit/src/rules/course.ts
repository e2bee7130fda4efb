// The paths of a time course: straight, smooth, or with growth.
import type { LeftOutDistance } from "@dsbm/bridge";
import { average } from "@dsbm/runs";
import type { CourseFacts } from "../facts.js";
import { type Rule, rule, twoDigits } from "./rule.js";

/** The share of the straight paths' distance that a gain exceeds, for 2,000 rows: their distances vary by half of it. */
const leastGain = 0.01;

/**
 * Smooth paths through a time course, or growth, if they come clearly closer to its inner datasets than straight paths do.
 * Else smooth paths, if a quarter of their bends comes closer: without a dataset steps are about twice as wide, and bends
 * four times as large. Else straight paths.
 */
export function pathRules({ leftOut, deltas, rows }: CourseFacts): Rule[] {
  const mean = (of: (one: LeftOutDistance) => number) => average(leftOut.map(of));
  const straight = mean((one) => one.straight);
  const spline = mean((one) => one.spline);
  const slight = mean((one) => one.slight);
  const lengths = deltas.map((_, i) => mean((one) => one.growth[i]));
  const growth = Math.min(...lengths);
  const gain = leastGain * Math.sqrt(2000 / rows) * straight;
  const most = straight - gain;
  const because = (paths: string, miss: number) =>
    `without one of the inner datasets, ${paths} miss it by ${twoDigits(miss)}, straight ones by ${twoDigits(straight)} (W1)`;
  const smooth = (paths: string, miss: number) => [
    rule("interpolant", "spline", because(paths, miss)),
    rule("method", "sf2m", "it learns flow and score along smooth paths"),
  ];
  if (spline < most && spline <= growth) return smooth("smooth paths", spline);
  // A gain of the shorter length alone is often chance.
  if (lengths[0] < most)
    return [
      rule("method", "wfr", because("paths on which rows gain and lose mass", growth)),
      rule("delta", twoDigits(deltas[lengths.indexOf(growth)]), "the closer of two lengths"),
    ];
  // Both paths start and end in the same rows, so their distances differ less by chance.
  if (leftOut.length > 1 && slight < straight - gain / 2)
    return smooth("slightly bent paths", slight);
  const why = "neither growth nor smooth paths come clearly closer to the inner datasets";
  return [rule("method", "sf2m", why)];
}
