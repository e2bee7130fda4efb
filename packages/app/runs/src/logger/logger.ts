import type { Cell } from "../files/table.js";
import type { Direction } from "../run/layout.js";
import { tensorboardLogger } from "./tensorboard.js";

/**
 * Receives numbers and images of a run during training. Every method throws FileError if the
 * disk refuses.
 */
export interface Logger {
  /** Logs named values at a step, an integer that never decreases. */
  log(step: number, values: Readonly<Record<string, number>>): void;
  /** Logs PNG images by name at a step. */
  images(step: number, pictures: Readonly<Record<string, Uint8Array>>): void;
  /** Writes everything to the disk. */
  flush(): void;
  /** Flushes and closes the files. */
  close(): void;
}

/**
 * Opens a logger that writes into a run's folder. `from` is the first step of this process: readers drop later steps of
 * earlier processes.
 * @throws {FileError}
 */
export type OpenLogger = (folder: string, from: number) => Logger;

const noLogger: OpenLogger = () => ({ log() {}, images() {}, flush() {}, close() {} });

/** All loggers. Weights & Biases reads TensorBoard's files: `wandb sync FOLDER/tensorboard` (docs/loggers.md). */
export const loggers = {
  Wandb: tensorboardLogger,
  TensorBoard: tensorboardLogger,
  CSV: noLogger,
  JSONL: noLogger,
  NONE: noLogger,
} satisfies Record<string, OpenLogger>;

/** The direction and the stage that a metric belongs to. */
export interface MetricPlace {
  /** The direction of the bridge. */
  direction: Direction;
  /** Training step or evaluation. */
  stage: "train" | "test";
}

/** The name of a metric, as in the reference: "b/train/loss", "f/test/fid". */
export function metricName({ direction, stage }: MetricPlace, key: string): string {
  return `${direction}/${stage}/${key}`;
}

const places = ["half_iteration", "iteration", "direction", "step"];

/** The numbers of a row under their logged names. */
export function namedMetrics(
  place: MetricPlace,
  row: Readonly<Record<string, Cell | undefined>>,
): Record<string, number> {
  const numbers = Object.entries(row).filter(
    ([key, value]) => typeof value === "number" && !places.includes(key),
  );
  return Object.fromEntries(numbers.map(([key, value]) => [metricName(place, key), Number(value)]));
}
