// Times of steps, as in packages/library/bridge/src/core/time-grid.ts.

/** `f`: forward, time 0 to 1; `b`: backward, 1 to 0. */
export type Direction = "f" | "b";

export const equalTimes = (n: number): number[] => Array.from({ length: n + 1 }, (_, k) => k / n);

export interface Step {
  k: number;
  time: number;
  next: number;
  dt: number;
}

/** Increasing times 0 … 1 of another number of steps: the schedule, interpolated linearly. */
export function resample(times: readonly number[], n: number): number[] {
  const old = times.length - 1;
  if (n === old) return [...times];
  return Array.from({ length: n + 1 }, (_, k) => {
    const at = (k * old) / n;
    const i = Math.min(Math.floor(at), old - 1);
    const a = times[i] as number;
    const b = times[i + 1] as number;
    return a + (at - i) * (b - a);
  });
}

export function stepsOf(direction: Direction, times: readonly number[]): Step[] {
  const way = direction === "f" ? times : times.toReversed();
  return way.slice(1).map((next, k) => {
    const time = way[k] as number;
    return { k, time, next, dt: Math.abs(next - time) };
  });
}

/** The field at rows x [n · size] and one process time for all: [n · size], the caller's to overwrite. */
export type Field = (x: Float32Array, time: number) => Promise<Float32Array> | Float32Array;

/** One step from x, which is left as it is. */
export type Take = (x: Float32Array, step: Step) => Promise<Float32Array>;

export function plus(x: Float32Array, a: number, y: Float32Array): Float32Array {
  return x.map((value, i) => value + a * (y[i] as number));
}
