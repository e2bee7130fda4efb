import { basename } from "node:path";
import {
  type Chain,
  disposeSome,
  type Endpoint,
  type Endpoints,
  type GaussianBridge,
} from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import { type DatasetRequest, fieldsPrefix, type Projection, prepareTables } from "@dsbm/data";
import { hasClasses, takesVectors } from "@dsbm/nets";
import { type Progress, showRows } from "@dsbm/runs";
import type { Device } from "@dsbm/torch";
import { type Columns, columnEnds, projectDatasets } from "./columns.js";
import {
  disposeDataset,
  type EndpointData,
  loadDataset,
  loadOptions,
  toDevice,
} from "./dataset.js";
import type { Encoding } from "./encoding.js";
import { type Channels, fieldEnds } from "./fields.js";
import { gaussianTarget } from "./gaussian-target.js";
import { GrowthMemo } from "./growth-estimate.js";
import { trainingTables, weightedEnd } from "./masses.js";
import { targetUnits } from "./target-units.js";
import { configChain } from "./times.js";

/** The data of a configuration. */
export interface Datasets {
  /** The source. */
  x0: EndpointData;
  /** The target. */
  x1: EndpointData;
  /** The datasets of a time course between source and target. */
  between: readonly EndpointData[];
  /** The intervals of a time course; null: two datasets. */
  chain: Chain | null;
  /** Training rows of all intervals, rows repeated by their weights, or latent maps; null: the rows of source and target. */
  rows: Endpoints | null;
  /** The shape of one sample: [d] in the network's units, or [C, H, W] of images. */
  shape: readonly number[];
  /** The closed-form bridge of two Gaussians; null for other data. */
  exact: GaussianBridge | null;
  /**
   * Principal components of the samples, and the shape of a sample before the projection; null: no
   * projection.
   */
  projection: { components: Projection; shape: readonly number[] } | null;
  /** The autoencoder whose latent maps are the training rows; null: networks take the samples themselves. */
  encoding: Encoding | null;
  /** Shared facts of the user's own tables; null for other data. */
  columns: Columns | null;
  /** Shared facts of NetCDF files and Zarr folders; null for other data. */
  channels: Channels | null;
  /** Growth that is estimated from the rows, once. */
  growth: GrowthMemo;
  /** Frees all tables. */
  dispose(): void;
}

/** Whether samples are vectors [d], not images. */
export const isVectors = ({ shape }: Pick<Datasets, "shape">): boolean => shape.length === 1;

/** Metrics need two rows. */
const leastHeldOutRows = 2;

/** A dataset's name for people: files and folders by their last name. */
export const shortName = (name: string): string =>
  basename(name.replace(/^(table|folder|array|fields):/, ""));

/** The names of the data of a configuration, by endpoint, and the indexes of intermediate datasets. */
export function namesOf(config: CompleteTrainConfig): [Endpoint, string, number?][] {
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

/** How data are opened. */
export interface DataWork {
  /** Shows how far the reading is. */
  progress: Progress;
  /** Stops the reading. */
  signal?: AbortSignal | undefined;
  /** `checkSavedFolder` for the configuration of a saved run (default: the user named the folders). */
  checkFolder?: (folder: string) => void;
  /** The folder of a run that may hold an autoencoder of its images (default: it is trained). */
  folder?: string | undefined;
  /** When the training of an autoencoder ends early, in milliseconds of performance.now() (default: never). */
  deadline?: number | undefined;
}

/**
 * Prepares slow data, for example images to decode, and loads all.
 * @throws as loadDatasets.
 */
export async function openDatasets(
  config: CompleteTrainConfig,
  { progress, signal, checkFolder }: DataWork,
): Promise<Datasets> {
  configChain(config);
  const requests = namesOf(config).map(
    ([end, name, between]): DatasetRequest => ({
      name,
      optionsOf: (split, like) =>
        loadOptions(split, end, config, {
          like,
          between,
          units: targetUnits(config, { end, between }),
        }),
    }),
  );
  // Other fields are converted to the units of the target, which is read first.
  if (requests.at(-1)?.name.startsWith(fieldsPrefix)) requests.reverse();
  await prepareTables(requests, {
    progress: ({ name, split, isSplitting, ...rows }) => {
      const verb = isSplitting
        ? "splitting"
        : /^(table|fields):/.test(name)
          ? "reading"
          : "decoding";
      showRows(progress, `${verb} ${name}, ${split}`)(rows);
    },
    ...(signal && { signal }),
    ...(checkFolder && { checkFolder }),
  });
  return loadDatasets(config);
}

/**
 * Loads source and target onto the configuration's device.
 * @throws {DatasetError} for missing or damaged files, and a ConfigError if a sample's shape differs from the
 * configuration or between both.
 */
export function loadDatasets(config: CompleteTrainConfig): Datasets {
  const device = config.device as Device;
  const made: EndpointData[] = [];
  try {
    for (const [end, name, between] of namesOf(config))
      made.push(
        loadDataset(end, name, config, {
          like: made[0]?.facts,
          between,
          units: targetUnits(config, { end, between }),
        }),
      );
    const columns = columnEnds(made, config);
    const channels = fieldEnds(made, config);
    const projection = projectDatasets(made, config);
    const [x0] = made as [EndpointData];
    if (!config.transfer) made.push(gaussianTarget(x0, config));
    for (const other of made.slice(1)) checkEnds(x0, other, config);
    const chain = configChain(config);
    const x1 = made.at(-1) as EndpointData;
    const exact = x0.name === "gaussian" && x1.name === "gaussian" && config.transfer && !chain;
    const datasets = made.map((end) => toDevice(weightedEnd(end, config), device));
    const rows = trainingTables(datasets, chain, config);
    const growth = new GrowthMemo();
    return {
      growth,
      encoding: null,
      x0: datasets[0],
      x1: datasets.at(-1) as EndpointData,
      between: datasets.slice(1, -1),
      chain,
      rows,
      shape: x0.train.shape.slice(1),
      exact: exact ? { a: config.data.a, sigma: config.sigma as number } : null,
      projection,
      columns,
      channels,
      dispose() {
        growth.dispose();
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

function checkEnds(x0: EndpointData, x1: EndpointData, config: CompleteTrainConfig): void {
  const few = [x0, x1].find(({ test }) => test.size(0) < leastHeldOutRows);
  if (few) {
    const group = few.facts?.group ?? null;
    const place = group === null ? few.name : `${few.name} (${config.data.split_by} ${group})`;
    const held = few.test.size(0);
    throw new ConfigError(
      `${place} has ${held} sample held out of ${held + few.train.size(0)}; metrics need ${leastHeldOutRows} or more of each dataset: give more data, a larger data.test_fraction${group === null ? "" : ", or leave these rows out by data.where"}`,
    );
  }
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

/** The training rows of source and target, [n, …] and [m, …], with their conditions. */
export const trainingEndpoints = ({ x0, x1, rows }: Datasets): Endpoints =>
  rows ?? {
    x0: x0.train,
    x1: x1.train,
    conditions: { x0: x0.conditions?.train, x1: x1.conditions?.train },
  };

/** Rows that a batch can have. */
export function largestBatch(config: CompleteTrainConfig, datasets: Datasets): number {
  const { x0, x1 } = trainingEndpoints(datasets);
  return Math.min(x0.size(0), x1.size(0)) * config.num_repeat_data;
}
