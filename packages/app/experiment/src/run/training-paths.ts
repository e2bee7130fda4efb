import { type Endpoint, sourceOf } from "@dsbm/bridge";
import { toRows } from "@dsbm/data";
import { type Datasets, isVectors, testConditions, testRows } from "@dsbm/datasets";
import type { Bridge } from "@dsbm/inference";
import { type NumberRows, type Progress, pickIndexes, type TrainingPaths } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";

const mostOf = { rows: 200, columns: 8, states: 13 };
/** Seconds between two views, and the share of the time that views may take. */
const pause = { seconds: 0.7, share: 0.05 };

interface TrainingPathsOptions {
  datasets: Datasets;
  seed: number;
  progress: Progress;
}

/** Shows how held-out rows move under the networks in training, if the caller asks for it. */
export class TrainingPathsView {
  #next: number;
  /** Held-out rows, which stay the same. */
  #ends: Pick<TrainingPaths, "source" | "target"> | null = null;

  /** Shows nothing for images, for closed-form data, and without `progress.paths`. */
  constructor(
    private readonly bridge: Bridge,
    private readonly options: TrainingPathsOptions,
  ) {
    const { datasets, progress } = options;
    const isShown = progress.paths && isVectors(datasets) && !datasets.exact;
    this.#next = isShown ? 0 : Number.POSITIVE_INFINITY;
  }

  /** Whether the last view is long ago. */
  get isDue(): boolean {
    return performance.now() >= this.#next;
  }

  /** Samples paths in the direction in training, if a view is due. */
  async show(direction: "f" | "b"): Promise<void> {
    if (!this.isDue) return;
    const began = performance.now();
    this.options.progress.paths?.(await this.#sample(direction));
    const spent = performance.now() - began;
    this.#next = began + Math.max(1000 * pause.seconds, spent / pause.share);
  }

  async #sample(direction: "f" | "b"): Promise<TrainingPaths> {
    const { bridge } = this;
    const { datasets, seed } = this.options;
    const from = sourceOf(direction);
    const start = this.#rows(from, (rows) => rows.clone().keep());
    const conditions = testConditions(datasets, from, start.size(0));
    const purpose = `training/${direction}`;
    const paths = await bridge.paths(start, { direction, seed, conditions, purpose });
    this.#ends ??= {
      source: this.#rows("x0", (rows) => this.#own(rows)),
      target: this.#rows("x1", (rows) => this.#own(rows)),
    };
    const columns = bridge.units.columns().map(({ name }) => name);
    try {
      return {
        direction,
        columns: columns.slice(0, mostOf.columns),
        ...this.#ends,
        states: pickIndexes(paths.times.length, mostOf.states).map((k) =>
          tidy(() => this.#own(paths.states.select(0, k))),
        ),
      };
    } finally {
      for (const t of [start, paths.states, paths.weights]) t?.dispose();
    }
  }

  #rows<T>(end: Endpoint, of: (rows: Tensor) => T): T {
    const { datasets, seed } = this.options;
    return tidy(() => of(testRows(datasets[end], mostOf.rows, seed)));
  }

  /** The first columns of rows [n, d], in the data's own units. */
  #own(x: Tensor): NumberRows {
    const columns = this.bridge.units.undo(x.to({ device: "cpu" })).slice(0, mostOf.columns);
    return { data: toRows(columns, "float64"), shape: [x.size(0), columns.length] };
  }
}
