// How much curves are smoothed, as a control that keeps its value in the address.
import { setParams } from "../lib/route.js";

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
