// What a metric is: a row of every table, and its function of one set of samples.
import type { Conditions, Direction, Endpoint, Estimate, PathEnergy } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Datasets } from "@dsbm/problem";
import type { Excess, MetricGroup, MetricRow } from "@dsbm/runs";
import type { Tensor } from "@dsbm/torch";
import type { Measuring } from "./measuring.js";
import type { Sampling } from "./transport.js";

/** The samples of one direction, all on the processor as networks take them. */
export interface SampleSet {
  /** Tells sets apart whose source and target rows differ. */
  readonly key: string;
  readonly direction: Direction;
  readonly from: Endpoint;
  readonly side: Endpoint;
  readonly sampling: Sampling;
  /** Source rows and the rows generated from them, pair by pair, [n, …]. */
  readonly start: Tensor;
  readonly end: Tensor;
  /** Masses of the source rows at the end, [n], of a method with growth; the rows here are drawn by it. */
  readonly weights: Tensor | null;
  /** Conditions of the source rows. */
  readonly given: Conditions | undefined;
  /** Held-out target rows, [m, …]. */
  readonly data: Tensor;
  /** Other target rows, [at least n, …], which floors are drawn from. */
  reserve(): Tensor;
  /** States by step index, [n, …] each: those that metrics ask for. */
  readonly states: ReadonlyMap<number, Tensor>;
  readonly energy: PathEnergy | null;
  /** What a distance of 1 between these rows is in the data's own units. */
  readonly unit: number;
  /** Whether floor and ceiling have a meaning (default: both). */
  readonly bounds?: { floor: boolean; ceiling: boolean };
  /** Rows of each side of an exact distance, at most (default: as the options say). */
  readonly exact?: number;
  /** Intermediate results that metrics of this set share. */
  readonly shared: Map<string, unknown>;
}

/** What a measurement leaves out is that of its metric. */
export interface Measurement {
  /** Null if these samples have no such value. */
  value: number | null;
  interval?: readonly [number, number] | null;
  floor?: number | null;
  floor_interval?: readonly [number, number];
  ceiling?: number | null;
  excess?: Excess;
  target?: number;
  /** Number of generated samples (default: all of the set). */
  n?: number;
  title?: string;
  meaning?: string;
  column?: string;
}

/** Columns of results.csv; a metric that has them is measured in training too. */
export interface MetricColumns {
  value: string;
  floor?: string;
  ceiling?: string;
  target?: string;
}

/** The data of a run. */
export interface DataFacts {
  ends: Datasets;
  config: CompleteTrainConfig;
}

interface MetricFacts {
  name: string;
  title: string;
  group: MetricGroup;
  meaning: string;
  better?: MetricRow["better"];
  target?: number;
  columns?: MetricColumns;
  scale?: "log" | "percent";
  /** Whether `evaluate` measures it only if it is named. */
  onRequest?: boolean;
  /** Whether it is measured also if the time is up. */
  isNeeded?: boolean;
  /** Whether few runs have it: its absence is said only if it is named. */
  isRare?: boolean;
  serves?(data: DataFacts): string | null;
  lacks?(
    context: Measuring,
    set: Pick<SampleSet, "direction" | "side" | "sampling">,
  ): string | null;
  states?(steps: number): number[];
  usesEnergy?: boolean;
  /** Loads what it needs, once. Throws errors of the configuration's files. */
  prepare?(context: Measuring): Promise<unknown>;
}

/** What comparisons of two samples know besides. */
export interface Comparison {
  seed: number;
  context: Measuring;
  /** Bandwidths from data alone: value, floor and ceiling have the same kernel. */
  widths(): number[];
}

type MaybeLater<T> = T | Promise<T>;

/** A metric of two samples: its floor is that of other target rows, its ceiling that of the untouched source. */
export interface TwoSampleMetric extends MetricFacts {
  /** The value of x [n, …] against y [m, …], in units of x to the `power` (default 0); null without one. */
  compare(x: Tensor, y: Tensor, options: Comparison): MaybeLater<number | null>;
  power?: 0 | 1 | 2;
  /** What is compared instead of the rows, such as features of images. */
  view?(set: SampleSet, seed: number): (x: Tensor) => Tensor;
  /** Whether the value is already the square of a distance, as a mean over pairs. */
  isSquare?: boolean;
  /** Whether the value can be negative. */
  isSigned?: boolean;
  /** The value with its interval, of a metric that costs too much for half-samples. */
  estimate?(x: Tensor, y: Tensor, options: Comparison): MaybeLater<Estimate>;
  /** Rows of each side at most, where `exact` are those of exact transport. */
  most?(exact: number): number;
  /** Draws that the floor of n rows is averaged over (default 8). */
  draws?(n: number): number;
}

interface OwnBoundsMetric extends MetricFacts {
  measure(
    set: SampleSet,
    context: Measuring,
  ): MaybeLater<Measurement | readonly Measurement[] | string>;
}

export type Metric = TwoSampleMetric | OwnBoundsMetric;

export function sharedOf<T>(set: SampleSet, key: string, make: () => T): T {
  if (!set.shared.has(key)) set.shared.set(key, make());
  return set.shared.get(key) as T;
}
