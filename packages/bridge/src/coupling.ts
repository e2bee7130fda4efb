// What a coupling is: a way to pair samples of the two ends. Training sees the pairs, never the data alone.
import { type Generator, randperm, type Tensor } from "@dsbm/torch";
import type { Endpoints } from "./dataset.js";
import type { Direction } from "./direction.js";

/** Pairs [n, …] row by row. */
export type Pairs = Endpoints;

/** Pairs a batch anew: for minibatch optimal transport. */
export type BatchCoupling = (batch: Pairs, generator: Generator) => Pairs;

/** Rows of a table in random order. */
export function shuffled(x: Tensor, generator: Generator, n = x.size(0)): Tensor {
  const order = randperm(x.size(0), { generator, device: x.device });
  return x.indexSelect(0, n === x.size(0) ? order : order.narrow(0, 0, n));
}

/** Simulates the end of a trained process from its start: x0 → x1 for f, x1 → x0 for b. */
export type Simulate = (direction: Direction, start: Tensor) => Tensor;
