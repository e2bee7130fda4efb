import { basename } from "node:path";
import {
  type Chain,
  disposeSome,
  type Endpoint,
  type Endpoints,
  type GaussianBridge,
  stream,
} from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import {
  type KnownRows,
  loadTable,
  type PairedEnd,
  type Projection,
  pictureFormat,
  prepareTable,
  readPairs,
  type TableFacts,
} from "@dsbm/data";
import { hasClasses, takesVectors } from "@dsbm/nets";
import type { Progress } from "@dsbm/runs";
import { cat, type Device, randperm, type Tensor, tidy } from "@dsbm/torch";
import { type Columns, columnEnds, projected } from "./columns.js";
import {
  configChain,
  disposeDataset,
  type EndpointData,
  loadDataset,
  loading,
  splits,
  toDevice,
} from "./dataset.js";
import { gaussianTarget } from "./gaussian-target.js";
import { trainingTables, weightedEnd } from "./masses.js";

export interface Datasets {
  x0: EndpointData;
  x1: EndpointData;
  between: readonly EndpointData[];
  chain: Chain | null;
  rows: Endpoints | null;
  /** The shape of one sample in the network's units: [d] or [C, H, W]. */
  shape: readonly number[];
  exact: GaussianBridge | null;
  /**
   * Principal components of the samples, and the shape of a sample before the projection; null: no
   * projection.
   */
  projection: { components: Projection; shape: readonly number[] } | null;
  /** Shared facts of the user's own tables; null for other data. */
  columns: Columns | null;
  dispose(): void;
}

export const isVectors = ({ shape }: Pick<Datasets, "shape">): boolean => shape.length === 1;

const leastHeldOut = 2;

/** A dataset's name for people: files and folders by their last name. */
export const shortName = (name: string): string =>
  basename(name.replace(/^(table|folder|array):/, ""));

/** The names of the configuration's data, by endpoint, and the indexes of intermediate datasets. */
function namesOf(config: CompleteTrainConfig): [Endpoint, string, number?][] {
  const { Dataset, Dataset_between, Dataset_transfer, transfer } = config;
  const between = (Dataset_between ?? []).map((name, i): [Endpoint, string, number] => [
    "x1",
    name,
    i,
  ]);
  return transfer
    ? [["x0", Dataset], ...between, ["x1", Dataset_transfer as string]]
    : [["x0", Dataset]];
}

/** Prepares slow data, for example images to decode, and loads all. Throws as loadDatasets. */
export async function openDatasets(
  config: CompleteTrainConfig,
  { progress, signal }: { progress: Progress; signal: AbortSignal | undefined },
): Promise<Datasets> {
  configChain(config);
  let like: TableFacts | null = null;
  for (const [end, name, between] of namesOf(config)) {
    for (const split of splits)
      await prepareTable(name, {
        ...loading(split, end, config, { like, between }),
        progress: ({ done, total }) =>
          progress.update({
            label: `${name.startsWith("table:") ? "reading" : "decoding"} ${name}, ${split}`,
            step: done,
            ...(total !== null && { steps: total }),
          }),
        ...(signal && { signal }),
      });
    like ??= factsOf(name, loading("train", end, config));
  }
  return loadDatasets(config);
}

/**
 * Loads source and target onto the configuration's device. Throws a DatasetError for missing or
 * damaged files, and a ConfigError if a sample's shape differs from the configuration or between
 * both.
 */
export function loadDatasets(config: CompleteTrainConfig): Datasets {
  const device = config.device as Device;
  const made: EndpointData[] = [];
  try {
    for (const [end, name, between] of namesOf(config))
      made.push(loadDataset(end, name, config, { like: made[0]?.facts, between }));
    const columns = columnEnds(made, config);
    const projection = config.data.components === null ? null : projected(made, config);
    const [x0] = made as [EndpointData];
    if (!config.transfer) made.push(gaussianTarget(x0, config));
    for (const other of made.slice(1)) check(x0, other, config);
    const chain = configChain(config);
    const x1 = made.at(-1) as EndpointData;
    const exact = x0.name === "gaussian" && x1.name === "gaussian" && config.transfer && !chain;
    const datasets = made.map((end) => toDevice(weightedEnd(end, config), device));
    const rows = trainingTables(datasets, chain, config);
    return {
      x0: datasets[0],
      x1: datasets.at(-1) as EndpointData,
      between: datasets.slice(1, -1),
      chain,
      rows,
      shape: x0.train.shape.slice(1),
      exact: exact ? { a: config.data.a, sigma: config.sigma as number } : null,
      projection,
      columns,
      dispose() {
        projection?.components.dispose();
        if (rows) disposeSome(rows);
        for (const end of datasets) disposeDataset(end);
      },
    };
  } catch (error) {
    for (const end of made) disposeDataset(end);
    throw error;
  }
}

/** A course without its inner dataset k = 1, 2, …; `dispose` frees what is not of the whole. */
export function withoutDataset(
  config: CompleteTrainConfig,
  datasets: Datasets,
  k: number,
): { config: CompleteTrainConfig; datasets: Datasets } {
  const others = <T>(all: readonly T[]) => all.filter((_, i) => i !== k);
  const { Dataset_between, data, mass } = config;
  const between = (names: string[] | null) => names?.filter((_, i) => i !== k - 1) ?? null;
  const names = between(Dataset_between);
  const fewer: CompleteTrainConfig = {
    ...config,
    Dataset_between: names?.length ? names : null,
    times: others(config.times ?? datasets.chain?.times ?? []),
    mass: typeof mass === "object" && mass !== null ? others(mass) : mass,
    data: { ...data, between: between(data.between) },
  };
  const all = others(marginalsOf(datasets));
  const chain = configChain(fewer);
  const rows = trainingTables(all, chain, fewer);
  const rest: Datasets = {
    ...datasets,
    between: all.slice(1, -1),
    chain,
    rows,
    dispose: () => rows && disposeSome(rows),
  };
  // Fewer intervals have fewer rows.
  const batch_size = Math.min(fewer.batch_size, largestBatch(fewer, rest));
  return { config: { ...fewer, batch_size }, datasets: rest };
}

/** Parts of a cross-validation. */
export const folds = 3;

/**
 * All rows of source and target, of which part k = 1, 2, … of `folds` is held out. `dispose` frees
 * what is not of the whole.
 */
export function withoutRows(datasets: Datasets, k: number, seed: number): Datasets {
  const cut = (side: Endpoint): EndpointData => {
    const end = datasets[side];
    const all = cat([end.train, end.test]);
    const others = randperm(all.size(0), { generator: stream(seed, `folds/${side}`) })
      .to({ device: all.device })
      .chunk(folds);
    const fold = others.splice(k - 1, 1);
    const rows = (parts: Tensor[]) => all.indexSelect(0, cat(parts)).keep();
    return {
      ...end,
      test: rows(fold),
      train: rows(others),
      order: { train: null, test: null },
      dispose: undefined,
    };
  };
  const ends = tidy(() => ({ x0: cut("x0"), x1: cut("x1") }));
  return { ...datasets, ...ends, dispose: () => Object.values(ends).forEach(disposeDataset) };
}

function check(x0: EndpointData, x1: EndpointData, config: CompleteTrainConfig): void {
  const few = [x0, x1].find(({ test }) => test.size(0) < leastHeldOut);
  if (few)
    throw new ConfigError(
      `${few.name} has ${few.test.size(0)} sample held out of ${few.test.size(0) + few.train.size(0)}; metrics need ${leastHeldOut} or more of source and of target: give more data, or a larger data.test_fraction`,
    );
  const a = x0.train.shape.slice(1);
  const b = x1.train.shape.slice(1);
  if (`${a}` !== `${b}`)
    throw new ConfigError(
      `${x0.name} has samples of shape [${a.join(", ")}], ${x1.name} of [${b.join(", ")}]; source and target need the same shape: choose other data`,
    );
  if ((a.length === 1) !== takesVectors(config.model))
    throw new ConfigError(
      `${x0.name} has samples of shape [${a.join(", ")}], which model.name=${config.model.name} does not take: write model=${a.length === 1 ? "MLP" : "UNET"}`,
    );
  if (hasClasses(config.model) && x1.conditions && x0.classes.length !== x1.classes.length)
    throw new ConfigError(
      `model.class_cond=true needs as many classes in source and target, got ${x0.classes.length} of ${x0.name} and ${x1.classes.length} of ${x1.name}: choose subsets of one size, such as Dataset=mnist_0_1 Dataset_transfer=emnist_1_2`,
    );
}

/** All data, in the order of their times. */
export const marginalsOf = ({ x0, between = [], x1 }: Datasets): EndpointData[] => [
  x0,
  ...between,
  x1,
];

export const tables = ({ x0, x1, rows }: Datasets): Endpoints =>
  rows ?? {
    x0: x0.train,
    x1: x1.train,
    conditions: { x0: x0.conditions?.train, x1: x1.conditions?.train },
  };

/** Rows that a batch can have. */
export function largestBatch(config: CompleteTrainConfig, datasets: Datasets): number {
  const { x0, x1 } = tables(datasets);
  return Math.min(x0.size(0), x1.size(0)) * config.num_repeat_data;
}

function factsOf(name: string, options: ReturnType<typeof loading>): TableFacts | null {
  if (!name.startsWith("table:")) return null;
  return tidy(() => loadTable(name, options).facts ?? null);
}

/**
 * Known pairs as rows of the training tables, for a time course over all intervals; null without
 * pairs. Throws a DatasetError for an unusable file, and a ConfigError if all pairs have held-out
 * rows.
 */
export async function loadPairs(
  config: CompleteTrainConfig,
  { x0 }: Pick<Datasets, "x0">,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<KnownRows | null> {
  const { pairs: path, data } = config;
  if (path === null) return null;
  const places = namesOf(config).map(([end, name, between]): PairedEnd => {
    const like = end === "x1" ? x0.facts : null;
    const { split: _, ...options } = loading("train", end, config, { like, between });
    return { name, options };
  });
  const known = await readPairs(path, places, { id: data.id, signal });
  if (known.x0.length > 0) return known;
  throw new ConfigError(
    `pairs=${path}: all ${known.given} pairs have a held-out or unused row: expected some to train on; give more pairs, or a smaller data.test_fraction`,
  );
}

export const aboutPairs = ({ pairs: path }: CompleteTrainConfig, { x0, given }: KnownRows) =>
  `${path}: ${given} known pairs${x0.length < given ? `, of which ${given - x0.length} have a held-out or unused row` : ""}`;

const prefix = "folder:";

/** The names of the image folders among the data (folder:PATH), each once. */
export const pictureFolders = (config: CompleteTrainConfig): string[] => [
  ...new Set(namesOf(config).flatMap(([, name]) => (name.startsWith(prefix) ? [name] : []))),
];

const wholeSizes = [16, 28, 32, 64];

const keys = ["data.image_size", "data.channels"] as const;

/** Returns size and channels with reasons. Throws as `pictureFormat`. */
export async function pictureSizes(
  folders: readonly string[],
): Promise<{ key: (typeof keys)[number]; value: number; reason: string }[]> {
  const formats = await Promise.all(
    folders.map((name) => pictureFormat(name.slice(prefix.length))),
  );
  const least = Math.min(...formats.map(({ size }) => size));
  const channels = Math.max(...formats.map((one) => one.channels));
  return [
    {
      key: "data.image_size",
      value: wholeSizes.findLast((one) => one <= least) ?? least,
      reason: `the smallest of the inspected images has ${least} pixels a side`,
    },
    {
      key: "data.channels",
      value: channels,
      reason: channels === 1 ? "the images are grey" : "the images have colours",
    },
  ];
}
