import {
  type Conditions,
  conditionRows,
  conditionsAt,
  type Decode,
  decodeImages,
  type Endpoint,
  flipImages,
  mapConditions,
  stream,
} from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import {
  columnsOfFile,
  downscalerScalingFile,
  type FieldSetFacts,
  firstOf,
  type ImageClass,
  loadDownscalerScaling,
  loadTable,
  positionsOf,
  type Split,
  type Table,
  type TableFacts,
  unscaleFields,
} from "@dsbm/data";
import { hasClasses } from "@dsbm/nets";
import { type Device, type Tensor, tidy } from "@dsbm/torch";
import type { Datasets } from "./datasets.js";
import type { GaussianMoments } from "./gaussian-target.js";
import { checkImages } from "./image-size.js";
import { fieldOptions, ownOptions, type TableUse } from "./own-options.js";

/** One dataset of a configuration, split into training rows and held-out rows. */
export interface EndpointData {
  /** As in the configuration, or "gaussian" for the Gaussian at time 1. */
  name: string;
  /** Stored rows, [n, …]. */
  train: Tensor;
  /** Held-out rows, [m, …]. */
  test: Tensor;
  /** Classes of images. */
  classes: readonly ImageClass[];
  /** A line for people. */
  about: string;
  /** Stored rows [n, …] as training takes them, float32. */
  decode: Decode;
  /** Stored rows [n, …] as evaluations take them: never mirrored. */
  plain: (rows: Tensor) => Tensor;
  /** The conditions of each table's rows; null without conditions. */
  conditions: Record<Split, Conditions> | null;
  /** The order of the rows for evaluations; null: as stored. */
  order: Record<Split, Tensor | null>;
  /** Moments of a Gaussian target, estimated from the data; null for other targets. */
  moments: GaussianMoments | null;
  /**
   * Decodes rows into the data's own units, float64 (fields in physical units, coordinates as
   * images); null: unchanged.
   */
  shown: ((rows: Tensor) => Tensor) | null;
  /** Generated samples [n, d] with one level in each category, as they are written; null: unchanged. */
  generated: ((rows: Tensor) => Tensor) | null;
  /** The columns of the user's own table, and its stored conditions; else null. */
  facts: TableFacts | null;
  /** The channels and the grid of the user's own fields; else null. */
  fields: FieldSetFacts | null;
  /** Held-out samples of a file: rows from 1, or the paths of images; null for other data. */
  heldOut?: readonly (number | string)[] | null;
  /** The condition of each row as it is stored, [n, …]; null without one. */
  raw: Record<Split, Tensor | null> | null;
  /** The columns for masses, [n, columns] (see `TableFacts.masses`); null without any. */
  masses: Record<Split, Tensor> | null;
  /** Birth − death of the training rows [n]; null: not known. */
  rates: Tensor | null;
  /** Frees more than its tensors. */
  dispose?(): void;
}

/** The name of the Gaussian at time 1. */
export const gaussianName = "N(mean_final, var_final)";

/** Training rows and held-out rows. */
const splits = ["train", "test"] as const;

/** Options that load a split of the configuration's data. */
export function loadOptions(
  split: Split,
  end: Endpoint,
  config: CompleteTrainConfig,
  use: TableUse = {},
) {
  const { data, paths, seed, wavenumber } = config;
  const { a, image_size, channels, background, test_fraction, dim } = data;
  const n = split === "train" ? data.n_train : data.n_test;
  const cond = data.cond?.[end === "x0" ? 0 : data.cond.length - 1];
  return {
    split,
    end,
    seed,
    wavenumber,
    a,
    image_size,
    channels,
    background,
    test_fraction,
    directory: paths.data_dir_name,
    table: ownOptions(end, config, use),
    fields: fieldOptions(end, data, use),
    ...(cond !== undefined && { cond }),
    ...(dim !== null && { dim }),
    ...(n !== null && { n }),
  };
}

/**
 * Loads the training rows [n, …] and held-out rows [m, …] of one dataset.
 * @throws {ConfigError} for images of another size, and DatasetError for missing or damaged files.
 */
export function loadDataset(
  end: Endpoint,
  name: string,
  config: CompleteTrainConfig,
  use: TableUse = {},
): EndpointData {
  const { random_flip, components } = config.data;
  const table = (split: Split) => loadTable(name, loadOptions(split, end, config, use));
  const train = table("train");
  const test = table("test");
  // Other fields are compared with the fields of the source.
  const isCompared = train.fields && end === "x1";
  if (train.x.shape.length === 4 && components === null && !isCompared)
    checkImages(name, train.x.shape, config.data);
  const flip = random_flip || train.flip;
  const { facts = null, fields = null } = train;
  const [training, held] = facts ? [] : [train, test].map((table) => conditionsOf(table, config));
  const [n, ...shape] = train.x.shape;
  const what = fields ? "fields" : train.x.shape.length === 4 ? "images" : "vectors";
  const spare = `${test.x.size(0)} held out`;
  const made: EndpointData = {
    name,
    train: train.x,
    test: test.x,
    classes: train.classes,
    about: facts
      ? `${name}: ${n} rows of ${columnsIn(facts)}, and ${spare}`
      : `${name}: ${n} ${what} [${shape}], and ${spare} (${[train.source, ...(train.notes ?? [])].join("; ")})`,
    decode: (rows, { generator }) =>
      flip ? flipImages(decodeImages(rows), { generator }) : decodeImages(rows),
    conditions: training && held ? { train: training, test: held } : null,
    order: { train: train.order ?? null, test: test.order ?? null },
    plain: decodeImages,
    moments: null,
    shown: unscaling(name, config),
    generated: null,
    facts,
    fields,
    heldOut: heldOutSamples(test),
    raw: facts && { train: train.condition, test: test.condition },
    masses: train.masses && test.masses ? { train: train.masses, test: test.masses } : null,
    rates: null,
  };
  for (const t of tensorsOf(made)) t?.keep();
  return made;
}

function columnsIn({ columns, categories }: TableFacts): string {
  const names = columnsOfFile(columns, categories);
  return `${names.length} columns (${firstOf(names, 8)})`;
}

function heldOutSamples({ origin }: Table): (number | string)[] | null {
  if (!origin) return null;
  const rows = tidy(() => Array.from(origin.rows.toNumbers()));
  return rows.map((row) => origin.names?.[row] ?? row + 1);
}

const tensorsOf = ({ order, conditions, raw, masses, rates, ...tables }: EndpointData) => [
  rates,
  ...splits.flatMap((split) => [
    tables[split],
    order[split],
    raw?.[split],
    masses?.[split],
    ...conditionRows(conditions?.[split]),
  ]),
];

/** Frees the tensors of a dataset. */
export function disposeDataset(end: EndpointData): void {
  for (const t of tensorsOf(end)) t?.dispose();
  end.dispose?.();
}

/**
 * The conditions of the rows of a table: fields or images [n, C′, …], seasons [n, 1], class labels [n].
 * @throws {ConfigError} if the configuration needs a condition that the table lacks.
 */
export function conditionsOf(
  table: Pick<Table, "name" | "condition" | "labels" | "classes">,
  { cdsb, data, model }: CompleteTrainConfig,
): Conditions | undefined {
  const { name, condition, labels, classes } = table;
  if (cdsb && condition === null)
    throw new ConfigError(
      `cdsb=true, but ${name} has no condition: write cdsb=false data.cond_channels=0, choose data with one such as dataset=downscaler_synthetic, or give conditions of arrays by data.cond=FILE.npy`,
    );
  if (cdsb && condition && condition.size(1) !== data.cond_channels)
    throw new ConfigError(
      `data.cond_channels=${data.cond_channels}, but the condition of ${name} has ${condition.size(1)}: write data.cond_channels=${condition.size(1)}`,
    );
  const byClass = hasClasses(model);
  if (byClass && (labels === null || classes.length < 2))
    throw new ConfigError(
      `model.class_cond=true, but ${name} has ${classes.length === 1 ? "one class" : "no classes"}: leave class_cond out, or choose data with several classes`,
    );
  const takesCondition = cdsb || data.season;
  if (!takesCondition && !byClass) return undefined;
  const published = classes.map(({ label }) => label);
  return {
    ...(takesCondition && condition && { cond: condition }),
    ...(byClass && labels && { y: positionsOf(labels, published) }),
  };
}

function unscaling(
  name: string,
  { paths }: CompleteTrainConfig,
): ((rows: Tensor) => Tensor) | null {
  const resolution = /^downscaler_(high|low)$/.exec(name)?.[1];
  if (resolution !== "high" && resolution !== "low") return null;
  const scaling = loadDownscalerScaling(downscalerScalingFile(resolution, paths.data_dir_name));
  for (const t of Object.values(scaling)) t.keep();
  return (rows) => unscaleFields(rows, scaling);
}

/** Moves the tensors of a dataset, each in its shape [n, …]. Frees the originals. */
export function toDevice(end: EndpointData, device: Device): EndpointData {
  if (device === "cpu") return end;
  const moved = (t: Tensor) => {
    const there = t.to({ device }).keep();
    t.dispose();
    return there;
  };
  const both = <A, B>({ train, test }: Record<Split, A>, move: (t: A) => B) => ({
    train: move(train),
    test: move(test),
  });
  return {
    ...end,
    ...both(end, moved),
    order: both(end.order, (t) => t && moved(t)),
    conditions: end.conditions && both(end.conditions, (c) => mapConditions(c, moved) ?? {}),
  };
}

/** The first rows in the table's order, in the network's units, [n, …]. */
export function testRows(
  end: EndpointData,
  n: number,
  seed: number,
  split: Split = "test",
): Tensor {
  const rows = firstRows(end[split], n, end.order[split]);
  // Training may mirror images; evaluations do not.
  if (end.name !== gaussianName) return end.plain(rows);
  const generator = stream(seed, `${split}/${end.name}`, rows.device);
  return end.decode(rows, { end: "x1", generator });
}

function firstRows(table: Tensor, n: number, order: Tensor | null): Tensor {
  const some = Math.min(n, table.size(0));
  return order ? table.indexSelect(0, order.narrow(0, 0, some)) : table.narrow(0, 0, some);
}

/**
 * The conditions of `testRows(ends[end], n, …)`; a Gaussian has the conditions of the other
 * dataset.
 */
export function testConditions(
  datasets: Pick<Datasets, Endpoint>,
  end: Endpoint,
  n: number,
  split: Split = "test",
): Conditions | undefined {
  const table = conditionsAt(
    { x0: datasets.x0.conditions?.[split], x1: datasets.x1.conditions?.[split] },
    end,
  );
  if (!table) return undefined;
  const order = datasets[table.of].order[split];
  return mapConditions(table.values, (t) => firstRows(t, n, order));
}

/** All data, in the order of their times. */
export const marginalsOf = ({
  x0,
  between = [],
  x1,
}: Pick<Datasets, "x0" | "between" | "x1">): EndpointData[] => [x0, ...between, x1];
