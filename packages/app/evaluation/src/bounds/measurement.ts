// Measurements with intervals, from whole samples and from their halves.
import type { Estimate } from "@dsbm/bridge";
import { deviation } from "@dsbm/runs";
import type { Measurement } from "../metric.js";
import { excessOf } from "./excess.js";
import type { Halves } from "./halves.js";

/** The measurement of an estimate, in units of `unit`; it has no bounds. */
export const measurementOfEstimate = ({ value, low, high }: Estimate, unit = 1): Measurement => ({
  value: value * unit,
  interval: [low * unit, high * unit],
});

/** A value on whole samples, and its bounds; null without a bound. */
export interface WholeValue {
  value: number;
  floor: number | null;
  ceiling: number | null;
}

/** Intervals of a component from its values on whole samples and on halves. */
export function measurementOf(
  { value, floor, ceiling }: WholeValue,
  halves: Halves,
  {
    isSquare = false,
    least,
    isDistance = true,
  }: { isSquare?: boolean | undefined; least?: number | undefined; isDistance?: boolean } = {},
): Measurement {
  const half = 1.96 * deviation(halves.value);
  const clipped = (x: number) => (least === undefined ? x : Math.max(least, x));
  const floors = halves.floors.map(([first]) => first);
  // Sampling noise falls as 1/√n, its square as 1/n.
  const floorHalf = (1.96 * deviation(floors)) / (isSquare ? 2 : Math.SQRT2);
  const excess =
    floor === null || ceiling === null || !isDistance
      ? undefined
      : excessOf({ value, floor, ceiling }, halves, { isSquare, floorHigh: floor + floorHalf });
  return {
    value,
    interval: [clipped(value - half), value + half],
    floor,
    ...(floor !== null && {
      floor_interval: [clipped(floor - floorHalf), floor + floorHalf],
    }),
    ceiling,
    ...(excess && { excess }),
  };
}
