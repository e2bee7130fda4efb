import { type Generator, randperm, type Tensor } from "@dsbm/torch";
import type { Pairs } from "../core/batch.js";
import type { Conditions } from "../core/conditions.js";
import type { Direction, Endpoint } from "../core/direction.js";

/**
 * Pairs a batch again, for minibatch optimal transport; conditions follow the samples of `of` (default x0). A coupling whose
 * plans are expensive may return up to `draws` (default 1) pairs a row; "each": with masses, one of each row.
 */
export type BatchCoupling = (
  batch: Pairs,
  generator: Generator,
  of?: Endpoint,
  draws?: number | "each",
) => Pairs;

/** n different rows of x [m, …] in random order, int64 [n]. */
export function randomRows(x: Tensor, generator: Generator, n: number): Tensor {
  const order = randperm(x.size(0), { generator, device: x.device });
  return n === x.size(0) ? order : order.narrow(0, 0, n);
}

/** Simulates a trained process from its start [n, …]: x0 → x1 for f, x1 → x0 for b, [n, …]. */
export type Simulate = (direction: Direction, start: Tensor, conditions?: Conditions) => Tensor;
