// The data at the two ends of a bridge: tables to train on and to evaluate with, whatever the samples are (images,
// fields, vectors), or a Gaussian at time 1.
import {
  type Chain,
  type Conditions,
  conditionRows,
  type Decode,
  decodeImages,
  disposeSome,
  type End,
  type Endpoints,
  flipImages,
  type GaussianBridge,
  mapConditions,
} from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { UsageError } from "@dsbm/config";
import {
  downscalerScalingFile,
  type ImageClass,
  loadDownscalerScaling,
  loadTable,
  type Projection,
  positionsOf,
  prepareTable,
  type Split,
  summary,
  type Table,
  type TableFacts,
  unscaleFields,
} from "@dsbm/data";
import { hasClasses } from "@dsbm/nets";
import type { Progress } from "@dsbm/runs";
import { type Device, type Tensor, tidy } from "@dsbm/torch";
import { chainTables, configChain } from "./chain.js";
import { type Columns, columnEnds, ownOptions } from "./columns.js";
import { type GaussianMoments, gaussianEnd } from "./gaussian-end.js";
import { projected } from "./projected.js";

/** The data of one end. */
export interface DataEnd {
  /** As in the configuration, or "gaussian" for the Gaussian at time 1. */
  name: string;
  /** Rows as stored, [n, …]. */
  train: Tensor;
  test: Tensor;
  /** The classes it holds; empty where there are none. */
  classes: readonly ImageClass[];
  /** One line for people. */
  about: string;
  /** Rows of `train` or `test` as networks take them in training, where images may be mirrored. */
  decode: Decode;
  /** The same without chance. */
  plain: (rows: Tensor) => Tensor;
  /** The conditions of the rows of each table; null where there are none. */
  conditions: Record<Split, Conditions> | null;
  /** The order in which the rows of each table are taken for evaluations; null: as they lie. */
  order: Record<Split, Tensor | null>;
  /** Of a Gaussian whose moments are estimated from the data; null for others. */
  moments: GaussianMoments | null;
  /**
   * Decoded rows in the data's own units: fields in physical ones, coordinates as pictures, columns of tables as in the
   * file, float64; null: as they are.
   */
  shown: ((rows: Tensor) => Tensor) | null;
  /** What is known of the columns of a table of the user's own, and its conditions as they are stored; null for others. */
  facts: TableFacts | null;
  raw: Record<Split, Tensor | null> | null;
  /** Frees what is not listed above. */
  dispose?(): void;
}

/** The data of both ends. */
export interface Ends {
  x0: DataEnd;
  x1: DataEnd;
  /** The data of times between, the earliest first; their times, and the training rows of all intervals. */
  between: readonly DataEnd[];
  chain: Chain | null;
  rows: Endpoints | null;
  /** The shape of one sample as networks take it: [d] or [C, H, W]. */
  shape: readonly number[];
  /** The exact bridge, where the ends are Gaussians with a known one. */
  exact: GaussianBridge | null;
  /** The principal components that samples are projected on, and the shape of a sample before; null: none. */
  projection: { components: Projection; shape: readonly number[] } | null;
  /** What tables of the user's own have in common; null for other data. */
  columns: Columns | null;
  dispose(): void;
}

export const isVectors = ({ shape }: Pick<Ends, "shape">): boolean => shape.length === 1;

const splits = ["train", "test"] as const;

/** One sample has no variance, and no other sample to be compared with. */
const leastHeldOut = 2;

/** How a split of the configuration's data is loaded. */
export function loading(
  split: Split,
  end: End,
  config: CompleteTrainConfig,
  like?: TableFacts | null,
) {
  const { data, paths, seed, wavenumber } = config;
  const { a, image_size, channels, test_fraction, dim } = data;
  const n = split === "train" ? data.n_train : data.n_test;
  return {
    ...{ split, end, seed, wavenumber, a, image_size, channels, test_fraction },
    directory: paths.data_dir_name,
    table: ownOptions(end, config, like ?? undefined),
    ...(dim !== null && { dim }),
    ...(n !== null && { n }),
  };
}

/** The name of data that were in the memory of a program whose training was saved. */
export const inProgram = "program";

/** The names of the configuration's data, by end. Throws a UsageError for those of a program. */
export function namesOf(config: CompleteTrainConfig): [End, string][] {
  const { Dataset, Dataset_between, Dataset_transfer, transfer } = config;
  if (Dataset === inProgram)
    throw new UsageError(
      "this run was saved by a program, whose data are not in it: it can be sampled and exported; to measure it, compare its samples with data of your own",
    );
  const between = (Dataset_between ?? []).map((name): [End, string] => ["x1", name]);
  return transfer
    ? [["x0", Dataset], ...between, ["x1", Dataset_transfer as string]]
    : [["x0", Dataset]];
}

/** Prepares data that take long to load, such as pictures to be decoded; does nothing for data that are ready. */
export async function prepareEnds(
  config: CompleteTrainConfig,
  { progress, signal }: { progress: Progress; signal: AbortSignal | undefined },
): Promise<void> {
  configChain(config);
  let like: TableFacts | null = null;
  for (const [end, name] of namesOf(config)) {
    for (const split of splits)
      await prepareTable(name, {
        ...loading(split, end, config, like),
        progress: ({ done, total }) =>
          progress.update({
            label: `${name.startsWith("table:") ? "reading" : "decoding"} ${name}, ${split}`,
            step: done,
            steps: total,
          }),
        say: progress.line,
        ...(signal && { signal }),
      });
    like ??= factsOf(name, loading("train", end, config));
  }
}

/**
 * Loads both ends onto the configuration's device. Throws a DatasetError for missing or damaged files, a UsageError for
 * samples of another shape than the configuration's or the other end's.
 */
export function loadEnds(config: CompleteTrainConfig): Ends {
  const device = config.device as Device;
  const made: DataEnd[] = [];
  try {
    for (const [end, name] of namesOf(config))
      made.push(dataEnd(end, name, config, made[0]?.facts));
    const columns = columnEnds(made, config);
    const projection = config.data.components === null ? null : projected(made, config);
    const [x0] = made as [DataEnd];
    if (!config.transfer) made.push(gaussianEnd(x0, config));
    for (const other of made.slice(1)) check(x0, other, config);
    const chain = configChain(config);
    const x1 = made.at(-1) as DataEnd;
    const exact = x0.name === "gaussian" && x1.name === "gaussian" && config.transfer && !chain;
    const ends = made.map((end) => on(end, device));
    const rows = chain && chainTables(ends, chain);
    return {
      x0: ends[0] as DataEnd,
      x1: ends.at(-1) as DataEnd,
      between: ends.slice(1, -1),
      ...{ chain, rows },
      shape: x0.train.shape.slice(1),
      exact: exact ? { a: config.data.a, sigma: config.sigma as number } : null,
      projection,
      columns,
      dispose() {
        projection?.components.dispose();
        if (rows) disposeSome(rows);
        for (const end of ends) disposeEnd(end);
      },
    };
  } catch (error) {
    for (const end of made) disposeEnd(end);
    throw error;
  }
}

function check(x0: DataEnd, x1: DataEnd, config: CompleteTrainConfig): void {
  const few = [x0, x1].find(({ test }) => test.size(0) < leastHeldOut);
  if (few)
    throw new UsageError(
      `${few.name} has ${few.test.size(0)} sample held out of ${few.test.size(0) + few.train.size(0)}; metrics need ${leastHeldOut} or more at each end: give more data, or a larger data.test_fraction`,
    );
  const [a, b] = [x0.train.shape.slice(1), x1.train.shape.slice(1)];
  if (`${a}` !== `${b}`)
    throw new UsageError(
      `${x0.name} has samples of shape [${a.join(", ")}], ${x1.name} of [${b.join(", ")}]; a bridge needs the same shape at both ends: choose other data`,
    );
  if ((a.length === 1) !== (config.model.name === "MLP"))
    throw new UsageError(
      `${x0.name} has samples of shape [${a.join(", ")}], which model.name=${config.model.name} does not take: write model=${a.length === 1 ? "MLP" : "UNET"}`,
    );
  if (hasClasses(config.model) && x1.conditions && x0.classes.length !== x1.classes.length)
    throw new UsageError(
      `model.class_cond=true needs as many classes at both ends, got ${x0.classes.length} of ${x0.name} and ${x1.classes.length} of ${x1.name}: choose subsets of one size, such as Dataset=mnist_0_1 Dataset_transfer=emnist_1_2`,
    );
}

function dataEnd(
  end: End,
  name: string,
  config: CompleteTrainConfig,
  like?: TableFacts | null,
): DataEnd {
  const { image_size, channels, random_flip, components } = config.data;
  const table = (split: Split) => loadTable(name, loading(split, end, config, like));
  const [train, test] = [table("train"), table("test")];
  const [, c, height, width] = train.x.shape;
  if (
    train.x.shape.length === 4 &&
    components === null &&
    (c !== channels || height !== image_size || width !== image_size)
  )
    throw new UsageError(
      `${name} has images of ${c} channels and ${height}×${width} pixels, but the network is built for data.channels=${channels} and data.image_size=${image_size}: set these keys to the data's, or choose other data`,
    );
  const flip = random_flip || train.flip;
  const { facts = null } = train;
  const [own, held] = facts ? [] : [train, test].map((table) => conditionsOf(table, config));
  const { n, shape, mean, std } = summary(train);
  const what = train.x.shape.length === 4 ? "images" : "vectors";
  const spare = `${test.x.size(0)} held out`;
  const made: DataEnd = {
    name,
    train: train.x,
    test: test.x,
    classes: train.classes,
    about: facts
      ? `${name}: ${n} rows of ${shape} columns (${listed(facts.columns)}), and ${spare}`
      : `${name}: ${n} ${what} [${shape}], mean ${mean.toFixed(3)}, std ${std.toFixed(3)}, and ${spare} (${train.source})`,
    decode: (rows, { generator, forRows }) =>
      flip ? flipImages(decodeImages(rows), { generator, forRows }) : decodeImages(rows),
    conditions: own && held ? { train: own, test: held } : null,
    order: { train: train.order ?? null, test: test.order ?? null },
    plain: decodeImages,
    moments: null,
    shown: unscaling(name, config),
    facts,
    raw: facts && { train: train.condition, test: test.condition },
  };
  for (const t of tensorsOf(made)) t?.keep();
  return made;
}

const tensorsOf = ({ order, conditions, raw, ...tables }: DataEnd) =>
  splits.flatMap((split) => [
    ...[tables[split], order[split], raw?.[split]],
    ...conditionRows(conditions?.[split]),
  ]);

function disposeEnd(end: DataEnd): void {
  for (const t of tensorsOf(end)) t?.dispose();
  end.dispose?.();
}

const listed = (names: readonly string[]) =>
  names.slice(0, 8).join(", ") + (names.length > 8 ? ", …" : "");

/** What is known of a prepared table of the user's own; null for other data. */
function factsOf(name: string, options: ReturnType<typeof loading>): TableFacts | null {
  if (!name.startsWith("table:")) return null;
  return tidy(() => loadTable(name, options).facts ?? null);
}

/** The conditions and classes that the configuration gives to networks with the samples of a table. */
export function conditionsOf(
  table: Pick<Table, "name" | "condition" | "labels" | "classes">,
  { cdsb, data, model }: CompleteTrainConfig,
): Conditions | undefined {
  const { name, condition, labels, classes } = table;
  if (cdsb && condition === null)
    throw new UsageError(
      `cdsb=true, but ${name} has no condition: write cdsb=false data.cond_channels=0, or choose data with one such as dataset=downscaler_synthetic`,
    );
  if (cdsb && condition && condition.size(1) !== data.cond_channels)
    throw new UsageError(
      `data.cond_channels=${data.cond_channels}, but the condition of ${name} has ${condition.size(1)}: write data.cond_channels=${condition.size(1)}`,
    );
  const byClass = hasClasses(model);
  if (byClass && (labels === null || classes.length < 2))
    throw new UsageError(
      `model.class_cond=true, but ${name} has ${classes.length === 1 ? "one class" : "no classes"}: leave class_cond out, or choose data with several classes`,
    );
  if (!cdsb && !byClass) return undefined;
  const published = classes.map(({ label }) => label);
  return {
    ...(cdsb && condition && { cond: condition }),
    ...(byClass && labels && { y: positionsOf(labels, published) }),
  };
}

/** Undoes the preprocessing of a set that names one; null for others. */
function unscaling(
  name: string,
  { paths }: CompleteTrainConfig,
): ((rows: Tensor) => Tensor) | null {
  const resolution = /^downscaler_(high|low)$/.exec(name)?.[1];
  if (resolution !== "high" && resolution !== "low") return null;
  const scaling = loadDownscalerScaling(downscalerScalingFile(resolution, paths.data_dir_name));
  for (const t of Object.values(scaling)) (t as Tensor).keep();
  return (rows) => unscaleFields(rows, scaling);
}

/** The tables on a device. */
function on(end: DataEnd, device: Device): DataEnd {
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

/** All data, in the order of their times. */
export const marginalsOf = ({ x0, between = [], x1 }: Ends): DataEnd[] => [x0, ...between, x1];

export const tables = ({ x0, x1, rows }: Ends): Endpoints =>
  rows ?? {
    x0: x0.train,
    x1: x1.train,
    conditions: { x0: x0.conditions?.train, x1: x1.conditions?.train },
  };
