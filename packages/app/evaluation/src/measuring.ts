import type { Split } from "@dsbm/data";
import type { Clock, Progress } from "@dsbm/runs";
import type { Tensor } from "@dsbm/torch";
import { Distances } from "./distances.js";
import { kept, type Subject } from "./subject.js";

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

export class Measuring implements Disposable {
  readonly distances: Distances;
  readonly #known = new WeakMap<object, Map<string, unknown>>();
  readonly #resources: Disposable[] = [];

  constructor(
    readonly subject: Subject,
    public options: MeasureOptions,
  ) {
    this.distances = new Distances(options);
  }

  /** What several metrics need, of all sets or of one, computed once. */
  once<T>(key: string, make: () => T, of: object = this): T {
    const known = this.#known.get(of) ?? new Map<string, unknown>();
    this.#known.set(of, known);
    if (!known.has(key)) known.set(key, make());
    return known.get(key) as T;
  }

  /** Frees a resource at the end. */
  keep<T extends Disposable>(resource: T): T {
    this.#resources.push(resource);
    return resource;
  }

  /** A copy of a tensor on the processor, freed at the end. */
  own(make: () => Tensor): Tensor {
    const t = kept(make);
    this.keep({ [Symbol.dispose]: () => t.dispose() });
    return t;
  }

  /** Announces the next step and lets signals arrive. Returns whether a signal stopped the work. */
  async isStopped(label: string): Promise<boolean> {
    this.options.progress.update({ label, step: 0, steps: 1 });
    await new Promise(setImmediate);
    return this.options.signal?.aborted ?? false;
  }

  [Symbol.dispose](): void {
    this.distances[Symbol.dispose]();
    for (const resource of this.#resources) resource[Symbol.dispose]();
  }
}
