import type { Conditions, Direction, Endpoint, Estimate, PathEnergy } from "@dsbm/bridge";
import type { Split } from "@dsbm/data";
import type { Clock, MetricGroup, MetricRow, Progress } from "@dsbm/runs";
import type { Tensor } from "@dsbm/torch";
import { Distances } from "./distances.js";
import type { Sampling } from "./sampling/sample-in-batches.js";
import type { SampleSubject, Subject } from "./subject.js";
import { KeptTensors } from "./tensors.js";

/** The samples of one direction, all on the processor in the network's units. */
export interface SampleSet {
  /** Differs between sets with other source or target rows. */
  readonly key: string;
  readonly direction: Direction;
  readonly source: Endpoint;
  readonly target: Endpoint;
  readonly sampling: Sampling;
  /** Source rows and the rows generated from them, pair by pair, [n, …]. */
  readonly sourceRows: Tensor;
  readonly generatedRows: Tensor;
  /**
   * Masses [n] of the source rows at the endpoint, for a method with growth; the rows here are
   * resampled by mass.
   */
  readonly weights: Tensor | null;
  readonly conditions: Conditions | undefined;
  /** Held-out target rows, [m, …]. */
  readonly targetRows: Tensor;
  /** Further target rows, [at least n, …], for floors. */
  floorRows(): Tensor;
  /** States [n, …] by step index, as metrics request them. */
  readonly states: ReadonlyMap<number, Tensor>;
  readonly energy: PathEnergy | null;
  /** A distance of 1 between these rows, in the data's own units. */
  readonly unit: number;
  /** Whether floor and ceiling have a meaning (default: both). */
  readonly bounds?: { floor: boolean; ceiling: boolean };
}

/** Defaults of sample sets. */
export const plainSet: Omit<
  SampleSet,
  "key" | "sourceRows" | "generatedRows" | "targetRows" | "floorRows"
> = {
  direction: "f",
  source: "x0",
  target: "x1",
  unit: 1,
  sampling: { solver: "sde", grid: { times: [0, 1], steps: [1] } },
  conditions: undefined,
  weights: null,
  states: new Map(),
  energy: null,
};

/** Missing parts come from the metric. */
export interface Measurement
  extends Partial<Omit<MetricRow, "name" | "group" | "direction" | "value" | "grade" | "at">> {
  /** Null if these samples have no such value. */
  value: number | null;
}

/** Columns of results.csv; training also measures a metric with columns. */
export interface MetricColumns {
  value: string;
  floor?: string;
  ceiling?: string;
  target?: string;
}

/** What decides whether a metric is for a run: its data and its configuration. */
export interface MetricData<S extends SampleSubject = Subject> {
  datasets: S["datasets"];
  config: S["trained"]["config"];
}

/**
 * What a metric is for in a verdict: the `main` distance decides, or its `substitute` if the main distance has no value, or the
 * strongest `alternative` if these cannot tell the source from the target. The `classifier` decides, too. A `spread` tells
 * samples that are too alike.
 */
type MetricRole = NonNullable<MetricRow["role"]>;

/**
 * Further samples that a metric is measured on: datasets of intermediate times (`marginals`), rows of a class or a quarter of the
 * condition (`conditions`), states of both directions at half of the time (`middle`), held-out datasets (`held_out`), and the
 * dataset next to a held-out one in its place (`nearest`).
 */
export type MetricVariant = "marginals" | "conditions" | "middle" | "held_out" | "nearest";

interface MetricFacts<S extends SampleSubject> {
  name: string;
  title: string;
  group: MetricGroup;
  meaning: string;
  better?: MetricRow["better"];
  target?: number;
  columns?: MetricColumns;
  scale?: "log" | "percent";
  /** Whether `evaluate` measures it only by name. */
  onRequest?: boolean;
  /** What it is for in a verdict (default: a verdict only says if it is far off). */
  role?: MetricRole;
  /** Further samples that it is measured on (default: none). */
  variants?: readonly MetricVariant[];
  /** Whether lists of runs show it. */
  isHeadline?: boolean;
  /** Whether it is measured even if the time is up. */
  isNeeded?: boolean;
  /** Why the metric is not for these data, or null. The reason is reported if the user named it. */
  serves?(data: MetricData<S>): string | null;
  /** Why the metric cannot be measured, or null. */
  lacks?(
    context: MeasurementContext<S>,
    set: Pick<SampleSet, "direction" | "target" | "sampling">,
  ): string | null;
  states?(steps: number): number[];
  usesEnergy?: boolean;
  /**
   * Loads files, once.
   * @throws errors of the configuration's files.
   */
  prepare?(context: MeasurementContext<S>): Promise<unknown>;
}

/** Additional inputs of a comparison of two samples. */
export interface Comparison<S extends SampleSubject> {
  seed: number;
  context: MeasurementContext<S>;
}

/** The value of a comparison, with its interval if the metric knows it; null without a value. */
export type Compared = number | Estimate | null;

/** A value, or a promise of it. */
export type MaybeLater<T> = T | Promise<T>;

/**
 * A metric of two samples. Its floor scores further target rows, its ceiling the untransported
 * source.
 */
export interface TwoSampleMetric<S extends SampleSubject = Subject> extends MetricFacts<S> {
  /**
   * The value of x [n, …] against y [m, …], in units of x to the `power` (default 0); null without
   * one. A metric too slow for half-samples returns a promise of an estimate with its interval.
   */
  compare(x: Tensor, y: Tensor, options: Comparison<S>): MaybeLater<Compared>;
  power?: 0 | 1 | 2;
  /** Features to compare instead of rows. */
  view?(set: SampleSet, context: MeasurementContext<S>): (x: Tensor) => Tensor;
  /** Maximum rows of each side, from the limit of exact transport. */
  maximumRows?(exact: number): number;
  /** Draws that the floor of n rows averages over (default 8). */
  floorDraws?(n: number): number;
}

interface OwnBoundsMetric<S extends SampleSubject> extends MetricFacts<S> {
  measure(
    set: SampleSet,
    context: MeasurementContext<S>,
  ): MaybeLater<Measurement | readonly Measurement[] | string>;
}

/**
 * A metric: a comparison of two samples (`power` of its unit), or a measurement with its own bounds (`measure`). It has a `name` for `metrics=`, a `title`,
 * a `group` and a `meaning`; `better` values are lower, higher, or near a `target`. Training writes
 * its `columns`, with an axis of this `scale`. `states` names the steps whose states it needs, and
 * `usesEnergy` asks for path energies.
 */
export type Metric<S extends SampleSubject = Subject> = TwoSampleMetric<S> | OwnBoundsMetric<S>;

/** Rows, seed and time of a measurement. */
export interface MeasureOptions {
  /** Maximum source rows, and target rows. */
  n: number;
  seed: number;
  split: Split;
  /** Maximum rows of each side of an exact distance. */
  exact: number;
  threads: number;
  /** Whether values have intervals, which cost resamples. */
  intervals: boolean;
  /** Metrics after this time are skipped. */
  clock: Clock;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** What all contexts of one subject share. */
class SharedResults implements Disposable {
  /** Results by the object that they are of, and by their keys. */
  readonly known = new WeakMap<object, Map<string, unknown>>();
  readonly tensors = new KeptTensors();
  readonly resources: Disposable[] = [this.tensors];

  constructor(readonly distances: Distances) {
    this.resources.push(distances);
  }

  [Symbol.dispose](): void {
    for (const resource of this.resources) resource[Symbol.dispose]();
  }
}

/** The context of metrics on one subject: options, shared intermediate results and their resources. */
export class MeasurementContext<S extends SampleSubject = Subject> implements Disposable {
  readonly #shared: SharedResults;

  constructor(
    readonly subject: S,
    readonly options: Readonly<MeasureOptions>,
    shared = new SharedResults(new Distances(options)),
  ) {
    this.#shared = shared;
  }

  /** A context of other rows or another clock. It shares the results and the resources of this one, which frees them. */
  withOptions(
    options: Partial<Pick<MeasureOptions, "n" | "exact" | "clock">>,
  ): MeasurementContext<S> {
    return new MeasurementContext(this.subject, { ...this.options, ...options }, this.#shared);
  }

  /** Exact distances, computed in threads. */
  get distances(): Distances {
    return this.#shared.distances;
  }

  /** Intermediate results of several metrics, for one set or all sets, computed once. */
  once<T>(key: string, make: () => T, of: object = this.#shared): T {
    const known = this.#shared.known.get(of) ?? new Map<string, unknown>();
    this.#shared.known.set(of, known);
    if (!known.has(key)) known.set(key, make());
    return known.get(key) as T;
  }

  /** Frees a resource at the end. */
  keep<T extends Disposable>(resource: T): T {
    this.#shared.resources.push(resource);
    return resource;
  }

  /** A copy of a tensor on the processor, of its shape, freed at the end. */
  own(make: () => Tensor): Tensor {
    return this.#shared.tensors.keep(make);
  }

  /** Announces the next step and lets signals arrive. Returns whether a signal stopped the work. */
  async isStopped(label: string): Promise<boolean> {
    this.options.progress.update({ label, step: 0, steps: 1 });
    await new Promise(setImmediate);
    return this.options.signal?.aborted ?? false;
  }

  [Symbol.dispose](): void {
    this.#shared[Symbol.dispose]();
  }
}
