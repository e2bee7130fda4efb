// What a reference process is: the law that a bridge stays closest to. Implementations give the closed-form bridge
// between two ends and its conditional drift.
import type { Tensor } from "@dsbm/torch";
import type { Direction } from "../core/direction.js";

/** A point of a training batch: pairs [B, …], times [B], standard normal noise [B, …]. */
export interface BridgeSample {
  x0: Tensor;
  x1: Tensor;
  t: Tensor;
  z: Tensor;
}

/** A reference process on [0, 1] that can be pinned at both ends in closed form. */
export interface ReferenceProcess {
  readonly name: string;
  /** Standard deviation of the noise per unit of time. */
  readonly sigma: number;
  /** x_t of the process pinned at x0 and x1: [B, …]. */
  bridge(sample: BridgeSample): Tensor;
  /** The drift of the pinned process towards the end that `direction` runs to, less its own: [B, …]. */
  target(direction: Direction, sample: BridgeSample): Tensor;
  /** `bridge` and `target` in one pass, without gradients; null where there is none for such rows. */
  bridgeAndTarget?(direction: Direction, sample: BridgeSample): [x: Tensor, target: Tensor] | null;
  /** The drift at x_t of the process pinned at `end`, the end that `direction` runs to: [B, …]. */
  driftTo(direction: Direction, at: { x: Tensor; t: Tensor; end: Tensor }): Tensor;
  /** The process's own drift in a direction, which a drift network need not learn: [B, …]; null: none. */
  readonly own: ((direction: Direction, x: Tensor) => Tensor) | null;
  /** Standard deviation of x_t seen from the other end, [B]: the loss weight of `loss_scale`. */
  scale(direction: Direction, t: Tensor): Tensor;
  /** A draw of the far end given the start: x0 → x1 for f, x1 → x0 for b; z standard normal [B, …]. */
  endpoint(direction: Direction, x: Tensor, z: Tensor): Tensor;
}

/** Times [B] as [B, 1, …, 1], to multiply tensors [B, …]. */
export function spread(t: Tensor, like: Tensor): Tensor {
  return t.reshape([-1, ...Array.from({ length: like.ndim - 1 }, () => 1)]);
}

/** A point of the pinned process and its drift, as `bridge` and `target` have them; for use without gradients. */
export function bridgeAndTarget(
  process: ReferenceProcess,
  direction: Direction,
  sample: BridgeSample,
): [x: Tensor, target: Tensor] {
  const both = process.bridgeAndTarget?.(direction, sample);
  return both ?? [process.bridge(sample), process.target(direction, sample)];
}
