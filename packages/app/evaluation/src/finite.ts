// Training can diverge to parameters that are huge but finite: samples or metrics are then NaN, or far from
// all data.
import { BridgeError, type Direction } from "@dsbm/bridge";
import { type Tensor, tidy } from "@dsbm/torch";
import type { SampleSet } from "./metric.js";

/** Training cannot continue: its generated samples are not finite. */
export class DivergedError extends BridgeError {
  constructor(what: string, { direction, half }: Place) {
    const when = half === null ? "" : ` after half-iteration ${half}`;
    super(
      "not_finite",
      `direction ${direction}${when}: ${what}: training diverged; start over (--again) with a smaller lr, or with grad_clip`,
    );
  }
}

interface Place {
  direction: Direction;
  /** The half-iteration of the parameters; null: unknown. */
  half: number | null;
}

/** Throws a DivergedError if generated samples [n, …] are NaN or infinite. */
export function checkEnds(ends: Tensor, place: Place): void {
  const bad = tidy(() => ends.flatten({ startDim: 1 }).isfinite().all(1).logicalNot().sum().item());
  if (Number(bad) > 0)
    throw new DivergedError(`${bad} of ${ends.size(0)} samples are NaN or infinite`, place);
}

const far = 10;

/**
 * Throws a DivergedError if samples lie far outside both datasets, even for the process's noise.
 */
export function checkScale(
  { start, end, data }: Pick<SampleSet, "start" | "end" | "data">,
  { noise, ...place }: Place & { noise: number },
): void {
  const factor = tidy(() => {
    const center = data.mean(0, { keepdim: true });
    const scale = (x: Tensor) => x.sub(center).square().mean().sqrt().item();
    return scale(end) / Math.max(scale(start), scale(data), noise);
  });
  if (factor > far)
    throw new DivergedError(
      `samples are ${factor.toPrecision(2)} times as far from the data's mean as source and target`,
      place,
    );
}
