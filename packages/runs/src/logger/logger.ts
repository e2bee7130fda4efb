// What a logger is, and the loggers there are by the name that the key LOGGER gives them.
import { csvLogger } from "./csv.js";
import { jsonlLogger } from "./jsonl.js";
import { noneLogger } from "./none.js";
import { tensorboardLogger } from "./tensorboard.js";

/** A place that takes what there is to see of a run as it goes on. Every method throws RunError when the disk refuses. */
export interface Logger {
  /**
   * Takes named values at a step, a whole number from 0 on that never falls; null is no value. Names are those of
   * `metricName`; "step" is not one. What was logged survives the process.
   */
  log(step: number, values: LogValues): void;
  /** Takes pictures (PNG) by name; loggers of tables leave them out. */
  images(step: number, pictures: Readonly<Record<string, Uint8Array>>): void;
  /** Takes texts (Markdown) by name; loggers of tables leave them out. */
  texts(step: number, texts: Readonly<Record<string, string>>): void;
  /** Forces everything onto the disk. */
  flush(): void;
  /** Flushes and closes; a second call does nothing. */
  close(): void;
}

export type LogValues = Readonly<Record<string, number | null>>;

export interface LoggerOptions {
  /**
   * The first step that is going to be logged: what an earlier process logged from there on is forgotten (default:
   * nothing is).
   */
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
