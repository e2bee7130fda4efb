// A benchmark is a description as data, which one engine runs. Its runs are ordinary runs,
// configured by options of `dsbm train` or `dsbm fit`.
import type { CompleteTrainConfig, Value } from "@dsbm/config";
import type { Datasets } from "@dsbm/datasets";
import type { Progress, Row } from "@dsbm/runs";

/** Numbers by the names of metrics; null if a metric has no meaning for a method. */
export type Values = Record<string, number | null>;

/** Options of a command by dotted keys; the last value of a key counts. */
export type Options = Readonly<Record<string, Value>>;

/** How much is measured: of a quick benchmark less. */
export interface Sizes {
  quick: boolean;
  threads: number | "auto";
  progress: Progress;
  signal: AbortSignal;
}

/** A trained run, with its data if they are loaded, and its evaluations. */
export interface Measured extends Sizes {
  /** The folder of the case's files. */
  files: string;
  folder: string;
  config: CompleteTrainConfig;
  datasets?: Datasets;
  rows: readonly Row[];
  clock: readonly HalfTime[];
}

/** What a half-iteration took, everything before it included. */
export interface HalfTime {
  half: number;
  /** Training steps. */
  steps: number;
  /** Seconds of training, without evaluations, and with them. */
  seconds: number;
  elapsed: number;
  /** Evaluations of networks, a row each, of training and simulations. */
  evaluations: number;
}

/** Two ends, and how a bridge between them is measured. */
export interface Case {
  name: string;
  /** The datasets of `dsbm fit`, in a folder for its own files. */
  datasets?(files: string): string[];
  /** Options of a command and a method, in a folder for its own files. */
  options(files: string, sizes: Pick<Sizes, "quick">, command: Command, method: string): Options;
  /** Changed options of some methods, by name. */
  own?: Readonly<Record<string, Options>>;
  /** Writes missing files of a method. */
  prepare?(files: string, sizes: Pick<Sizes, "quick">, method: string): Promise<void>;
  /** Evaluates a run; null if it was stopped. */
  measure?(run: Measured): Promise<Values | null>;
  /** Of a run of `fit`, which measures itself: the numbers of quality.json. */
  read?(folder: string): Values;
  /** Reference rows, by the names of methods. */
  references?(sizes: Sizes & Pick<Measured, "files">): Promise<Record<string, Values> | null>;
}

/** The command whose options describe runs. */
export type Command = "train" | "fit";

/** A method under its own name: options of its configuration. */
export interface Way {
  name: string;
  options: Options;
  /** Default: as the benchmark. */
  command?: Command;
  /** Nothing is trained step by step. */
  closed?: boolean;
  /** A quick benchmark has it only by name. */
  fullOnly?: boolean;
}

/** A number of each method. */
export interface Metric {
  name: string;
  title: string;
  /** What shown numbers are multiplied by. */
  times?: number;
  /** Digits after the point. */
  digits: number;
  /** The best value (default 0); null if no value is best. */
  best?: number | null;
  /** Further rows of runs, such as a floor: labels, and the names of the values. */
  beside?: Readonly<Record<string, string>>;
  /** The row that a perfect method has. */
  floor?: string;
  /** How a quick benchmark measures it otherwise. */
  quick?: string;
}

/** A row of figures that others published: of a metric, by column. */
export interface Published {
  label: string;
  metric: string;
  values: Readonly<Record<string, number>>;
  /** Our method of the same name, which is compared with it. */
  of?: string;
  /** Seeds of its mean, and training steps of a run. */
  seeds?: number;
  steps?: number;
  /** The row of its method without errors of training. */
  floor?: string;
  /** How its data or its settings differ from ours. */
  differs?: string;
}

/** Published figures of a metric in the order of the columns, with nulls for gaps. */
export const publishedRow = (
  { metric, columns }: { metric: string; columns: readonly string[] },
  label: string,
  values: readonly (number | null)[],
  more: Partial<Published> = {},
): Published => ({
  ...{ label, metric, ...more },
  values: Object.fromEntries(
    columns.flatMap((name, i) => {
      const value = values[i] ?? null;
      return value === null ? [] : [[name, value] as const];
    }),
  ),
});

export interface Benchmark {
  name: string;
  about: string;
  command: Command;
  cases: readonly Case[];
  /** Columns of the tables: cases, or the mean of several (default: each case). */
  columns?: Readonly<Record<string, readonly string[]>>;
  methods: readonly Way[];
  seeds: readonly number[];
  /** The cases of a quick benchmark, and its changed options, of all methods and of some. */
  quick: {
    cases: readonly string[];
    options?: Options;
    own?: Readonly<Record<string, Options>>;
  };
  metrics: readonly Metric[];
  published: readonly Published[];
  /** Methods and published rows that are never the best, and the reason. */
  unranked?: { labels: readonly string[]; why: string };
  /** Sentences below the tables. */
  notes: readonly string[];
}
