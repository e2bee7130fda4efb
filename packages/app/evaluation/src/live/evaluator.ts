// What an evaluation measures: each kind of evaluator has columns of its own and serves the data that it makes sense
// for, so that the data decide which columns a run has. A new metric is a file here and a line in `kinds`.
import type { Conditions } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import type { Ends, Position } from "@dsbm/problem";
import type { Progress, Row } from "@dsbm/runs";
import type { Tensor } from "@dsbm/torch";

/** Samples carried in one direction, on the processor; the evaluation's own. */
export interface Carried {
  at: Position;
  /** The end that they were carried to. */
  side: "x0" | "x1";
  /** Steps of the sampler. */
  steps: number;
  /** Where the starts come from. */
  split: Split;
  /** Starts and their ends, pair by pair, and data of the end, [n, …]. */
  start: Tensor;
  end: Tensor;
  data: Tensor;
  given: Conditions | undefined;
  /** The states at the steps that evaluators need, [k, n, …]; null where none did. */
  states: Tensor | null;
}

export type Values = Record<string, number | null>;

/** An evaluator of one run. */
export interface Evaluator extends Partial<Disposable> {
  measure(carried: Carried): Values;
  /** Writes files about the last `measure`, named after `id`; returns pictures as PNG by name. */
  write?(target: {
    id: string;
    sampler: string;
    carried: Carried;
    save: (path: string, content: string | Uint8Array) => void;
    read: (path: string) => Row[];
  }): Promise<[name: string, png: Buffer][]>;
  /** Steps at whose states it looks, of a sampler with so many steps. */
  statesAt?(steps: number): number[];
}

/** A column that tables, figures and lines of progress show. */
export interface Metric {
  column: string;
  title: string;
  /** The column that it is to be compared with, and what that is. */
  reference?: string;
  referenceIs?: string;
  log?: boolean;
  /** It is said beside the metric before it, and has no figure of its own. */
  beside?: boolean;
  /** The value in a line of progress (default: four digits). */
  text?: (value: number) => string;
}

export interface OpenOptions {
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** A kind of evaluator; what is here needs no engine, so that help and tables start fast. */
export interface EvaluatorKind {
  columns: readonly string[];
  /** The columns to show, the most important first. */
  metrics: readonly Metric[];
  applies(ends: Ends, config: CompleteTrainConfig): boolean;
  /** Null where it was stopped. Throws errors of the files that the configuration names. */
  open(ends: Ends, config: CompleteTrainConfig, options: OpenOptions): Promise<Evaluator | null>;
}
