// Events of the driver; the listener writes files, draws progress, or stops it.
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
 * `start` says whether several ranks share the rows of a step or each computes all (null: one process); `cache` how
 * many pairs are made. The state is complete at `pause`, `half` and `stopped`, and can be saved.
 */
export type TrainEvent =
  | (AtHalf & { type: "start"; threads: number; sharesBatch: boolean | null })
  | (AtHalf & { type: "simulate"; seconds: number })
  | (AtHalf & { type: "cache"; done: number; total: number })
  | (AtStep & { type: "step"; loss: number; gradNorm: number | null; rate: number })
  | (AtStep & { type: "pause"; loss: number })
  | (AtStep & { type: "stopped" })
  | (AtHalf & { type: "half"; seconds: number; loss: number });
