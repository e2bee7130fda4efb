// Times of steps, as in packages/library/bridge/src/core/time-grid.ts.

/** `f`: forward, time 0 to 1; `b`: backward, 1 to 0. */
export type Direction = "f" | "b";

/** The n + 1 times 0 … 1 of equal steps. */
export const equalTimes = (n: number): number[] => Array.from({ length: n + 1 }, (_, k) => k / n);

interface Step {
  k: number;
  time: number;
  next: number;
  dt: number;
  /** Whether it ends the leg. */
  isLast: boolean;
}

/** The steps of a direction in an interval between two datasets, from `from` to `to` in time. */
export interface Leg {
  index: number;
  from: number;
  to: number;
  steps: readonly Step[];
}

/** Increasing times 0 … 1 of another number of steps: the schedule, interpolated linearly. */
export function resample(times: readonly number[], n: number): number[] {
  const old = times.length - 1;
  if (n === old) return [...times];
  return Array.from({ length: n + 1 }, (_, k) => {
    const at = (k * old) / n;
    const i = Math.min(Math.floor(at), old - 1);
    const a = times[i];
    const b = times[i + 1];
    return a + (at - i) * (b - a);
  });
}

/** The intervals between datasets at the times `stops`, each with the times of its own clock 0 … 1. */
export function legsOf(
  stops: readonly number[],
  clock: readonly number[],
  direction: Direction,
): Leg[] {
  const intervals = stops.slice(1).map((to, index) => ({ index, from: stops[index], to }));
  const isForward = direction === "f";
  let k = 0;
  return (isForward ? intervals : intervals.toReversed()).map(({ index, from, to }) => {
    const times = (isForward ? clock : clock.toReversed()).map((t) => from + t * (to - from));
    const steps = times.slice(1).map((next, i) => {
      const time = times[i];
      return { k: k++, time, next, dt: Math.abs(next - time), isLast: i === times.length - 2 };
    });
    return { index, from, to, steps };
  });
}

/**
 * The field at rows x [n · size] and one process time for all, its mean over a signed step, or its draw by noise [n · size]: [n · size],
 * which the caller may overwrite.
 */
export type Field = (
  x: Float32Array,
  time: number,
  more?: { step?: number; noise?: Float32Array },
) => Promise<Float32Array> | Float32Array;

/** One step from x, which stays unchanged. */
export type Take = (x: Float32Array, step: Step) => Promise<Float32Array>;

/** x + a · y, number by number. */
export function addScaled(x: Float32Array, a: number, y: Float32Array): Float32Array {
  return x.map((value, i) => value + a * y[i]);
}
