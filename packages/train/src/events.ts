// Events of the driver; the listener writes files, draws progress, or stops it.
import type { Direction } from "@dsbm/bridge";

/**
 * `cache` has how many pairs of a simulated cache are made; `pause` comes at the step boundaries that `pauseAt` names:
 * the state is complete there and can be saved.
 */
export type TrainEvent =
  | {
      type: "start";
      half: number;
      direction: Direction;
      threads: number;
      /** Whether several ranks share the rows of a step, or each computes all of them; null: one process. */
      sharesBatch: boolean | null;
    }
  | { type: "simulate"; half: number; direction: Direction; seconds: number }
  | { type: "cache"; half: number; direction: Direction; done: number; total: number }
  | {
      type: "step";
      half: number;
      direction: Direction;
      step: number;
      steps: number;
      loss: number;
      gradNorm: number | null;
      rate: number;
    }
  | { type: "pause"; half: number; direction: Direction; step: number; steps: number; loss: number }
  | { type: "stopped"; half: number; direction: Direction; step: number; steps: number }
  | { type: "half"; half: number; direction: Direction; seconds: number; loss: number };
