// An exponential average without the bias of its start, restarted at each half-iteration; its weight is in the address.
import type { HistoryPart } from "../../shared/api.js";
import { setParams } from "../lib/route.js";
import type { Values } from "./chart.js";

/** `weight` from 0 (none) to below 1: the share of the earlier average. */
export function smoothed({ half }: HistoryPart, values: Values, weight: number): Values {
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

export const weightOf = (params: URLSearchParams): number => {
  const value = Number(params.get("smooth") ?? "0.9");
  return value >= 0 && value < 1 ? value : 0.9;
};

export function Smoothing({ weight }: { weight: number }) {
  return (
    <label>
      Smoothing{" "}
      <input
        type="range"
        min="0"
        max="0.99"
        step="0.01"
        value={weight}
        onInput={(e) => setParams({ smooth: e.currentTarget.value })}
      />{" "}
      <output>{weight}</output>
    </label>
  );
}
