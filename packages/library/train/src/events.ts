import type { Direction } from "@dsbm/bridge";

interface AtHalf {
  half: number;
  direction: Direction;
}

interface AtStep extends AtHalf {
  step: number;
  steps: number;
}

/**
 * An event of `type` in a `half`-iteration that trains a `direction`, with its `step` of `steps`.
 * `start` has the number of `threads`, and whether ranks share the rows of a step (`sharesBatch`;
 * null: one process). `cache` has the `done` and the `total` pairs, `step` the `loss`, `gradNorm` and
 * `rate` (steps per second); `seconds` is a duration. The state is complete at `pause`, `half` and
 * `stopped`, and can be saved.
 */
export type TrainEvent =
  | (AtHalf & { type: "start"; threads: number; sharesBatch: boolean | null })
  | (AtHalf & { type: "simulate"; seconds: number })
  | (AtHalf & { type: "cache"; done: number; total: number })
  | (AtStep & { type: "step"; loss: number; gradNorm: number | null; rate: number })
  | (AtStep & { type: "pause"; loss: number })
  | (AtStep & { type: "stopped" })
  | (AtHalf & { type: "half"; seconds: number; loss: number });
