// What a logger is, and the loggers by the values of the key LOGGER.
import { csvLogger, jsonlLogger, noneLogger } from "./tables.js";
import { tensorboardLogger } from "./tensorboard.js";

/** Takes the numbers, pictures and texts of a run during training. Every method throws RunError when the disk refuses. */
export interface Logger {
  /**
   * Takes named values at a step, a whole number from 0 on that never falls; null is no value. Names are those of
   * `metricName`, other than "step". What was logged survives the process.
   */
  log(step: number, values: LogValues): void;
  /** Takes pictures (PNG) by name; CSV and JSONL leave them out. */
  images(step: number, pictures: Readonly<Record<string, Uint8Array>>): void;
  /** Takes texts (Markdown) by name; CSV and JSONL leave them out. */
  texts(step: number, texts: Readonly<Record<string, string>>): void;
  /** Forces everything onto the disk. */
  flush(): void;
  /** Flushes and closes; a second call does nothing. */
  close(): void;
}

export type LogValues = Readonly<Record<string, number | null>>;

export interface LoggerOptions {
  /** The first step that will be logged: what an earlier process logged from there on is removed (default: nothing is). */
  from?: number;
}

/** Opens a logger that writes into a run's folder. Throws RunError. */
export type OpenLogger = (folder: string, options?: LoggerOptions) => Logger;

/** All loggers. Weights & Biases reads TensorBoard's files: `wandb sync FOLDER/tensorboard` (docs/loggers.md). */
export const loggers = {
  Wandb: tensorboardLogger,
  TensorBoard: tensorboardLogger,
  CSV: csvLogger,
  JSONL: jsonlLogger,
  NONE: noneLogger,
} satisfies Record<string, OpenLogger>;
