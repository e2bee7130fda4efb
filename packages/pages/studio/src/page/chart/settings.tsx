// The part of the axis and the smoothing, from the address.
import { setParams } from "../lib/route.js";
import type { Range } from "./chart.js";

export function rangeOf(params: URLSearchParams): Range | null {
  const [min, max] = (params.get("x") ?? "").split("_").map(Number);
  return min !== undefined && max !== undefined && max > min ? { min, max } : null;
}

export const setRange = (range: Range | null) =>
  setParams({
    x: range && `${Number(range.min.toPrecision(6))}_${Number(range.max.toPrecision(6))}`,
  });

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
