import { type Endpoint, stream, type TimeGrid } from "@dsbm/bridge";
import type { CompleteTrainConfig, EvaluateConfig } from "@dsbm/config";
import type { ColumnCategory, Split } from "@dsbm/data";
import {
  checkSavedFolder,
  type Datasets,
  type EndpointData,
  openDatasets,
  savedPaths,
} from "@dsbm/datasets";
import { Bridge, gridOf, type Trained } from "@dsbm/inference";
import { cores, type Progress, silentProgress } from "@dsbm/runs";
import { randperm, setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { disposeAll } from "./tensors.js";

/** What metrics of two samples ask for: no bridge. */
export interface SampleSubject {
  datasets: Pick<Datasets, "shape"> & Partial<Pick<Datasets, Endpoint | "channels">>;
  trained: {
    config: { metrics?: Pick<CompleteTrainConfig["metrics"], "inception" | "fid_statistics"> };
  };
  /** Names of the columns; null if the data have none. */
  names: readonly string[] | null;
  /** Categories, whose levels are columns (default: none). */
  categories?: readonly ColumnCategory[];
  /** Rows of a dataset in the data's own units. */
  own(side: Endpoint, rows: Tensor): Tensor;
}

/** A bridge with its run and its data, as metrics read them. */
export interface Subject extends SampleSubject {
  bridge: Bridge;
  trained: Trained;
  datasets: Datasets;
  /** A distance of 1 between networks' rows, in the units of metrics over several columns. */
  unit: number;
  /** Generated samples [n, …] of a dataset as they are written: one level in each category. */
  written(side: Endpoint, x: Tensor): Tensor;
}

/** A subject that owns its bridge and its data; dispose it. */
export interface OpenSubject extends Subject, Disposable {
  grid: TimeGrid;
}

/** Keys of `dsbm evaluate`, and what a program gives. */
export interface SubjectOptions extends Partial<Omit<EvaluateConfig, "json" | "out">> {
  /** Loaded data of the run; the caller keeps them. */
  datasets?: Datasets | undefined;
  /** The bridge of a training in progress, instead of the run's. */
  bridge?: Bridge | undefined;
  progress?: Progress;
  signal?: AbortSignal | undefined;
}

/**
 * Opens a run in any state that has parameters, and its data.
 * @throws {RunError | ConfigError} if the folder holds no run or no parameters, and errors of its data.
 */
export async function openSubject(
  folder: string,
  options: SubjectOptions = {},
): Promise<OpenSubject> {
  const { steps = null, seed = 42, device = "cpu", diffusion = null, guidance = 1 } = options;
  const { step_variance = null } = options;
  const { inception = null, fid_statistics = null, half_iteration = "newest" } = options;
  const { progress = silentProgress, signal } = options;
  const threads = typeof options.threads === "number" ? options.threads : cores();
  setNumThreads(threads);
  const bridge =
    options.bridge ??
    Bridge.open(folder, { half_iteration, device, threads, diffusion, step_variance, guidance });
  const { config } = bridge.trained;
  const loaded =
    options.datasets ??
    (await openDatasets(config, { progress, signal, checkFolder: checkSavedFolder }));
  const { datasets, orders } = inRandomOrder(loaded, seed);
  return {
    ...subjectOf(bridge, datasets),
    trained: {
      ...bridge.trained,
      config: {
        ...config,
        paths: savedPaths(config),
        metrics: { ...config.metrics, inception, fid_statistics },
      },
    },
    grid: gridOf(bridge.trained, steps),
    [Symbol.dispose]() {
      bridge.dispose();
      disposeAll(orders);
      if (!options.datasets) loaded.dispose();
    },
  };
}

/** The subject of a bridge whose data are loaded, for example during training. */
export const subjectOf = (bridge: Bridge, datasets: Datasets): Subject => ({
  bridge,
  trained: bridge.trained,
  datasets,
  unit: unitOf(datasets),
  names: datasets.columns?.names ?? null,
  categories: datasets.columns?.categories ?? [],
  written: (side, x) => datasets[side].generated?.(x) ?? x,
  own(side, rows) {
    const { shown } = datasets[side];
    return shown && !datasets.projection ? shown(rows) : rows;
  },
});

/**
 * Shuffles tables: a part of a sorted table is not a random sample. The caller frees the orders, permutations [rows].
 */
export function inRandomOrder(
  datasets: Datasets,
  seed: number,
): { datasets: Datasets; orders: Tensor[] } {
  const orders: Tensor[] = [];
  const shuffled = (end: EndpointData, side: string): EndpointData => {
    const of = (split: Split) => {
      const table = end[split];
      const known = end.order[split];
      if (known) return known;
      const generator = stream(seed, `quality/order/${side}/${split}`);
      const order = tidy(() =>
        randperm(table.size(0), { generator }).to({ device: table.device, dtype: "int32" }).keep(),
      );
      orders.push(order);
      return order;
    };
    return { ...end, order: { train: of("train"), test: of("test") } };
  };
  return {
    orders,
    datasets: {
      ...datasets,
      x0: shuffled(datasets.x0, "x0"),
      between: datasets.between.map((end, i) => shuffled(end, `between/${i}`)),
      x1: shuffled(datasets.x1, "x1"),
    },
  };
}

function unitOf({ columns }: Datasets): number {
  if (columns?.transform.standardise !== "global") return 1;
  // Constant columns have deviation 0.
  return Math.max(...columns.transform.std) || 1;
}
