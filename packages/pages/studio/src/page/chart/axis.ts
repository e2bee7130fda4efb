// The axis of a run's curves: training steps over all half-iterations.
import type { HistoryPart } from "../../shared/api.js";

export interface Axis {
  /** Steps over all half-iterations, per row. */
  x: number[];
  /** Where each half-iteration begins. */
  marks: { x: number; label: string }[];
  /** Where a step of a half-iteration is; without curves of training half-iterations are counted. */
  place(half: number, step: unknown): number;
}

/** The axis of steps. Half-iterations follow each other, each from the last step of the one before. */
export function axisOf({ half, step, direction }: HistoryPart): Axis {
  const offsets = new Map<number, number>();
  const marks: Axis["marks"] = [];
  let [end, offset, last] = [0, 0, Number.NaN];
  const x = step.map((at, i) => {
    const now = half[i] as number;
    if (now !== last) {
      offset = end;
      offsets.set(now, offset);
      marks.push({ x: offset, label: `${now} ${direction[i]}` });
      last = now;
    }
    end = offset + at;
    return end;
  });
  const place = (n: number, at: unknown) =>
    x.length > 0 ? (offsets.get(n) ?? end) + (typeof at === "number" ? at : 0) : n;
  return { x, marks, place };
}
