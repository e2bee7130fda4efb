// Training can diverge to parameters that are huge but finite: samples are then NaN, or far from all data.
import { BridgeError, type Direction } from "@dsbm/bridge";
import { testRows } from "@dsbm/datasets";
import { type Tensor, tidy } from "@dsbm/torch";
import type { SampleSet } from "../metric.js";
import type { Subject } from "../subject.js";

/** Training cannot continue: its generated samples are not finite. */
export class DivergedError extends BridgeError {
  constructor(what: string, { direction, half }: DivergedPlace) {
    const when = half === null ? "" : ` after half-iteration ${half}`;
    super(
      "not_finite",
      `direction ${direction}${when}: ${what}: training diverged; start over (--again) with a smaller lr, or with grad_clip`,
    );
  }
}

interface DivergedPlace {
  direction: Direction;
  /** The half-iteration of the parameters; null: unknown. */
  half: number | null;
}

/** @throws {DivergedError} if generated samples [n, …] are NaN or infinite. */
export function checkFinite(samples: Tensor, place: DivergedPlace): void {
  const bad = tidy(() =>
    samples.flatten({ startDim: 1 }).isfinite().all(1).logicalNot().sum().item(),
  );
  if (Number(bad) > 0)
    throw new DivergedError(`${bad} of ${samples.size(0)} samples are NaN or infinite`, place);
}

/** From here on samples are far from the data, in units of the data's deviation. */
const farFactor = 10;

/** @throws {DivergedError} if samples lie far outside both datasets, even for the process's noise. */
export function checkScale(
  { datasets, trained }: Subject,
  {
    sourceRows,
    generatedRows,
    targetRows,
  }: Pick<SampleSet, "sourceRows" | "generatedRows" | "targetRows">,
  place: DivergedPlace,
): void {
  const factor = tidy(() => {
    const center = targetRows.mean(0, { keepdim: true });
    const scale = (x: Tensor) => x.to({ device: "cpu" }).sub(center).square().mean().sqrt().item();
    // Few held-out rows can lie much closer together than the data.
    const known = (["x0", "x1"] as const).map((side) =>
      testRows(datasets[side], 4 * generatedRows.size(0), 0, "train"),
    );
    return (
      scale(generatedRows) /
      Math.max(...[sourceRows, targetRows, ...known].map(scale), trained.process.sigma)
    );
  });
  if (factor > farFactor)
    throw new DivergedError(
      `samples are ${factor.toPrecision(2)} times as far from the data's mean as source and target`,
      place,
    );
}
