import type { Tensor } from "@dsbm/torch";
import type { Direction } from "../core/direction.js";

/** Pairs [B, …], times [B] and standard normal noise [B, …]. */
export interface BridgeSample {
  /** Starts. */
  x0: Tensor;
  /** Ends. */
  x1: Tensor;
  /** Times. */
  t: Tensor;
  /** Noise. */
  z: Tensor;
}

/** Cells of a sample that move. */
interface MovingCells {
  /** 1 in these cells, else 0, [1, …]. */
  mask: Tensor;
  /** The share of these cells. */
  share: number;
}

/** A process on [0, 1] with closed-form bridges. */
export interface ReferenceProcess {
  /** As the option `sde`. */
  readonly name: string;
  /** Standard deviation of the noise per unit of time. */
  readonly sigma: number;
  /** Cells of a sample that move (default: all). The others have no noise and no drift. */
  readonly cells?: MovingCells | undefined;
  /** x_t of the process pinned at x0 and x1: [B, …]. */
  bridge(sample: BridgeSample): Tensor;
  /** The pinned drift towards the direction's endpoint, less the process's own drift: [B, …]. */
  target(direction: Direction, sample: BridgeSample): Tensor;
  /** `bridge` and `target` in one kernel; null if it does not apply. */
  bridgeAndTarget?(direction: Direction, sample: BridgeSample): [x: Tensor, target: Tensor] | null;
  /** The drift at x_t of the process pinned at the direction's endpoint `end`: [B, …]. */
  driftTo(direction: Direction, at: { x: Tensor; t: Tensor; end: Tensor }): Tensor;
  /** The process's own drift, which a network need not learn: [B, …]; null: none. */
  readonly own: ((direction: Direction, x: Tensor) => Tensor) | null;
  /** Standard deviation of x_t seen from the other endpoint, [B]: the weight of `loss_scale`. */
  scale(direction: Direction, t: Tensor): Tensor;
  /** Draws the far endpoint from standard normal z [B, …]: x0 → x1 for f, x1 → x0 for b. */
  endpoint(direction: Direction, x: Tensor, z: Tensor): Tensor;
}

/** Times [B] as [B, 1, …, 1], to multiply tensors [B, …]. */
export function asColumn(t: Tensor, like: Tensor): Tensor {
  return t.reshape([-1, ...Array.from({ length: like.ndim - 1 }, () => 1)]);
}

/** Noise or a drift [B, …] in the cells that move, 0 in the others; of x [B, kC, …] in each of k parts. */
export function onCells({ cells }: Pick<ReferenceProcess, "cells">, x: Tensor): Tensor {
  if (!cells) return x;
  const { mask } = cells;
  const parts = x.size(1) / mask.size(1);
  return x.mul(parts === 1 ? mask : mask.repeat([1, parts, ...mask.shape.slice(2).map(() => 1)]));
}

/** A point [B, …] of the bridge and its regression target [B, …], without gradients. */
export function bridgeAndTarget(
  process: ReferenceProcess,
  direction: Direction,
  sample: BridgeSample,
): [x: Tensor, target: Tensor] {
  const both = process.bridgeAndTarget?.(direction, sample);
  return both ?? [process.bridge(sample), process.target(direction, sample)];
}
