import type { HistoryPart } from "../../shared/api.js";
import type { Values } from "./chart.js";

/** The share of the earlier average. */
const weight = 0.9;

/** An exponential average without the bias of its start, restarted at each half-iteration. */
export function smoothed({ half }: HistoryPart, values: Values): Values {
  let average = 0;
  let share = 1;
  return values.map((value, i) => {
    if (half[i] !== half[i - 1]) {
      average = 0;
      share = 1;
    }
    if (value === null) return null;
    average = weight * average + (1 - weight) * value;
    share *= weight;
    return average / (1 - share);
  });
}
