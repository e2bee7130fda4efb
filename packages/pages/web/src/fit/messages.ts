// What a page and the worker of a fit tell each other.

/** Numbers in row-major order, and their shape [n, d]. */
export interface FitNumbers {
  data: Float32Array | Float64Array;
  shape: readonly number[];
}

/** Rows of numbers, all of one length. */
export type FitRows = readonly (readonly number[])[] | FitNumbers;

/** Data of one end: rows in memory, the text of a CSV file, or a file. */
export type FitSource = FitRows | string | File;

/** Options by their names, as the function `fit` of the package `dsbm` takes them. */
export type FitKeys = Readonly<Record<string, unknown>>;

/** A choice of `fit` with its reason. */
export interface FitChoice {
  key: string;
  value: unknown;
  reason: string;
  /** Whether the user gave the value. */
  given?: boolean | undefined;
  /** Whether it only organises the work, such as times of checkpoints. */
  organising?: boolean | undefined;
}

/** A column of a table. */
export interface FitColumn {
  name: string;
  kind: "number" | "text";
  /** The number of missing values. */
  missing: number;
  /** The values: shares in equal bins from `low` to `high`, mean and deviation; null for texts and without values. */
  histogram: {
    low: number;
    high: number;
    shares: number[];
    mean: number;
    deviation: number;
  } | null;
  /** Frequent texts. */
  examples: string[];
}

/** A table as it is read. */
export interface FitTable {
  rows: number;
  /** All columns; `columns` are the first ones. */
  columnCount: number;
  columns: FitColumn[];
  /** Notes on the reading. */
  notes: string[];
}

/** What `fit` would do. */
export interface BridgePlan {
  /** The choices, the user's values among them. */
  choices: FitChoice[];
  /** What the time will do, a line each. */
  forecast: string[];
  /** Warnings about the data. */
  warnings: string[];
  /** The command that does the same. */
  command: string;
}

/** The finding on a direction of a bridge. */
export interface FitVerdict {
  direction: "f" | "b";
  /** "Forward, from winter.csv to summer.csv: ✓ good." */
  title: string;
  /** good, likely, partial, undecided, poor or unmeasured. */
  grade: string;
  /** The finding, in sentences. */
  reason: string;
  next: { reason: string; command: string | null } | null;
}

/** A metric with its interval, its floor (independent real data) and its ceiling (no bridge). */
export interface FitMetric {
  name: string;
  title: string;
  direction: "f" | "b" | null;
  column?: string | undefined;
  value: number;
  interval: [number, number] | null;
  floor: number | null;
  floor_interval?: [number, number] | null | undefined;
  ceiling: number | null;
  grade?: string | undefined;
}

/** An evaluation: its verdicts, its metrics, and skipped metrics with reasons. */
export interface FitQuality {
  verdicts: FitVerdict[];
  rows: FitMetric[];
  left_out: string[];
}

/** How far the work is. */
export interface FitState {
  /** What is running, such as "1/6 b". */
  label: string;
  step: number;
  steps?: number | undefined;
  /** Steps a second. */
  rate?: number | undefined;
  /** Seconds left. */
  left?: number | null | undefined;
  loss?: number | undefined;
}

/** Held-out rows on their way under the networks in training. */
export interface FitMotion {
  direction: "f" | "b";
  columns: string[];
  source: FitNumbers;
  target: FitNumbers;
  /** States of the paths from their start on. */
  states: FitNumbers[];
}

/** Progress of a fit: a changing `state`, a `line` to keep, or rows on their way. */
export type FitEvent = { state: FitState } | { line: string } | { motion: FitMotion };

/** Options of sampling, as `sample` of the library. */
export type FitSampleOptions = FitKeys & {
  direction?: "f" | "b" | undefined;
  seed?: number | undefined;
  steps?: number | undefined;
};

/** Generated samples, in the units of the data. */
export interface FitSamples<R extends FitRows> {
  x: R;
  /** The mass of each sample, for a method with growth; null: all 1. */
  weights: number[] | null;
}

/** States of paths at each of `times`. */
export interface FitPaths<R extends FitRows> {
  times: readonly number[];
  states: R[];
  weights: number[][] | null;
}

/** A file by its path in the run; null: it was removed. */
export type FitFile = readonly [path: string, bytes: Uint8Array | null];

/** The name, the data and the options of a fit. */
export interface FitTask {
  /** The run's name. */
  name: string;
  /** In the order of their times. */
  marginals: readonly FitSource[];
  keys: FitKeys;
}

/** What the worker does: functions by name, with their arguments and results. */
export interface FitCalls {
  /** Puts the files of an earlier page in place. */
  restore(name: string, files: readonly FitFile[]): Promise<void>;
  /** Reads tables once, in their order. */
  look(files: readonly (string | File)[]): Promise<FitTable[]>;
  plan(request: FitTask): Promise<BridgePlan>;
  fit(request: FitTask): Promise<FitQuality>;
  /** Opens a run that was restored. */
  open(name: string): Promise<FitQuality | null>;
  sample(rows: FitRows, options: FitSampleOptions): Promise<FitSamples<FitRows>>;
  paths(rows: FitRows, options: FitSampleOptions): Promise<FitPaths<FitRows>>;
  /** Generated samples of the rows of the source (f) or of the target (b), as CSV. */
  samples(direction: "f" | "b"): Promise<string>;
  evaluate(options: FitKeys): Promise<FitQuality>;
  /** Why the open run has no export; null if it has one. */
  exportRefusal(): Promise<string | null>;
  /** A page, or the files of ONNX models, by name. */
  export(kind: "html" | "onnx", options: FitKeys): Promise<FitFile[]>;
  /** The run folder as a zip. */
  zip(): Promise<Uint8Array>;
}

/** A message of the page. */
export type FitAsk =
  | { id: number; call: keyof FitCalls; values: unknown[] }
  | { id: number; call: "abort" };

/** A message of the worker. */
export type FitAnswer =
  | { id: number; value: unknown }
  | { id: number; error: { name: string; message: string; isOurs: boolean } }
  | { id: number; progress: FitEvent }
  | { run: string; files: FitFile[] };
