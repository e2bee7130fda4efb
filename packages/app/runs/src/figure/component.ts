// Names of principal components by their columns of the largest weights.
import type { AxisUnits } from "./axis-units.js";
import type { Plane } from "./points-file.js";

/** Named columns hold at least this share of the squared weights. */
const leastNamedShare = 0.5;
const mostLetters = 26;

/** "temperature − oxygen"; null if no few columns make most of the component. */
export function componentName(
  weights: NonNullable<Plane["weights"]>[number],
  { column: nameOf }: AxisUnits,
): string | null {
  let text = "";
  let share = 0;
  for (const { column, weight } of weights) {
    const sign = weight < 0 ? "−" : text === "" ? "" : "+";
    const longer = [text, sign].filter(Boolean).join(" ");
    const next = `${longer}${text === "" ? "" : " "}${nameOf(column)}`;
    if (next.length > mostLetters) break;
    text = next;
    share += weight ** 2;
  }
  return share >= leastNamedShare ? text : null;
}
