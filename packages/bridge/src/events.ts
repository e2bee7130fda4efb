// What the driver tells while it works; who listens writes files, draws progress, or stops it.
import type { Direction } from "./direction.js";

export type TrainEvent =
  | { type: "start"; half: number; direction: Direction; threads: number }
  | { type: "simulate"; half: number; direction: Direction; seconds: number }
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
  | { type: "stopped"; half: number; direction: Direction; step: number; steps: number }
  | { type: "half"; half: number; direction: Direction; seconds: number; loss: number };
