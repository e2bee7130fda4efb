// The two ends of an image bridge: tables to train on and to evaluate with, from image sets or a Gaussian.
import {
  type Conditions,
  conditionsAt,
  type Decode,
  decodeImages,
  drawAll,
  type End,
  type Endpoints,
  flipImages,
  mapConditions,
  stream,
} from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { ImageClass, Split, Table } from "@dsbm/data";
import {
  downscalerScalingFile,
  loadDownscalerScaling,
  loadTable,
  positionsOf,
  prepareTable,
  summary,
  unscaleFields,
} from "@dsbm/data";
import { hasClasses } from "@dsbm/nets";
import { type Device, randn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";
import type { Progress } from "../terminal/progress.js";

/** Everything about one end. */
export interface ImageEnd {
  /** As in the configuration, or "gaussian". */
  name: string;
  /** Rows as stored, [n, C, H, W]. */
  train: Tensor;
  test: Tensor;
  /** The classes it holds; empty for a Gaussian. */
  classes: readonly ImageClass[];
  /** One line for people. */
  about: string;
  /** Rows of `train` or `test` as networks see them. */
  decode: Decode;
  /** What networks are told beside, a row for each of the tables; null where there is nothing. */
  conditions: { train: Conditions; test: Conditions } | null;
  /** The order in which `test` is looked at; null: as it lies. */
  order: Tensor | null;
  /** The same of `train`. */
  trainOrder: Tensor | null;
  /** Of a Gaussian whose moments are those of the data per pixel; null for others. */
  moments: GaussianMoments | null;
  /** Decoded rows in their physical units, for plots; null where they have none. */
  unscale: ((rows: Tensor) => Tensor) | null;
}

/** Mean and standard deviation of each pixel, [1, C, H, W]. */
export interface GaussianMoments {
  mean: Tensor;
  std: Tensor;
}

export interface ImageData {
  x0: ImageEnd;
  x1: ImageEnd;
  dispose(): void;
}

/** The name of the end that is no data. */
export const gaussianName = "gaussian";

const splits = ["train", "test"] as const;

/** How a split of the configuration's data is loaded. */
export function loading(split: Split, { data, paths, seed, wavenumber }: CompleteTrainConfig) {
  const n = split === "train" ? data.n_train : data.n_test;
  return {
    split,
    directory: paths.data_dir_name,
    image_size: data.image_size,
    channels: data.channels,
    wavenumber,
    test_fraction: data.test_fraction,
    seed,
    ...(n !== null && { n }),
  };
}

/** Makes ready what takes long, pictures to be decoded for example; what is ready costs nothing. */
export async function prepareImageData(
  config: CompleteTrainConfig,
  { progress, signal }: { progress: Progress; signal: AbortSignal | undefined },
): Promise<void> {
  const names = config.transfer
    ? [config.Dataset, config.Dataset_transfer as string]
    : [config.Dataset];
  for (const name of names)
    for (const split of splits)
      await prepareTable(name, {
        ...loading(split, config),
        progress: ({ done, total }) =>
          progress.update({ label: `decoding ${name}, ${split}`, step: done, steps: total }),
        ...(signal && { signal }),
      });
}

function imageEnd(name: string, config: CompleteTrainConfig): ImageEnd {
  const { image_size, channels, random_flip } = config.data;
  const [train, test] = splits.map((split) => loadTable(name, loading(split, config))) as [
    Table,
    Table,
  ];
  const [, c, height, width] = train.x.shape;
  if (c !== channels || height !== image_size || width !== image_size)
    throw new UsageError(
      `${name} has images of ${c} channels and ${height}×${width} pixels, but the network is built for data.channels=${channels} and data.image_size=${image_size}: set these keys to the data's, or choose other data`,
    );
  const flip = random_flip || train.flip;
  const told = { train: conditionsOf(train, config), test: conditionsOf(test, config) };
  const { train: ofTrain, test: ofTest } = told;
  const [order, trainOrder] = [test.order ?? null, train.order ?? null];
  for (const t of [train.x, test.x, order, trainOrder]) t?.keep();
  for (const t of [...conditionTensors(ofTrain), ...conditionTensors(ofTest)]) t.keep();
  const facts = summary(train);
  return {
    name,
    train: train.x,
    test: test.x,
    classes: train.classes,
    about: `${name}: ${facts.n} images [${facts.shape}], mean ${facts.mean.toFixed(3)}, std ${facts.std.toFixed(3)}, and ${test.x.size(0)} held out (${train.source})`,
    decode: (rows, { generator, forRows }) =>
      flip ? flipImages(decodeImages(rows), { generator, forRows }) : decodeImages(rows),
    conditions: ofTrain && ofTest ? { train: ofTrain, test: ofTest } : null,
    order,
    trainOrder,
    moments: null,
    unscale: unscaling(name, config),
  };
}

const conditionTensors = (conditions: Conditions | undefined): Tensor[] =>
  Object.values(conditions ?? {}).filter((t): t is Tensor => t !== undefined);

/** What the configuration has networks told beside the samples of a table. */
export function conditionsOf(
  table: Table,
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
  return {
    ...(cdsb && condition && { cond: condition }),
    ...(byClass &&
      labels && {
        y: positionsOf(
          labels,
          classes.map(({ label }) => label),
        ),
      }),
  };
}

/** Undoes the preprocessing of a set that names one; null for others, and where the file is not there. */
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

/**
 * N(mean_final, var_final), or with mean and variance of the data per pixel: draws of rows' shape, and the law in
 * words. `images` gives the training images, and is asked only where they decide.
 */
export function gaussianLaw(
  config: Pick<
    CompleteTrainConfig,
    "adaptive_mean" | "final_adaptive" | "mean_final" | "var_final"
  >,
  { shape, device, images }: { shape: readonly number[]; device: Device; images: () => Tensor },
): { decode: Decode; text: string; moments: GaussianMoments | null } {
  const moments = tidy(() => {
    const adaptive = config.adaptive_mean || config.final_adaptive;
    const of = adaptive ? pixelMoments(images()) : null;
    const zero = zeros([1, ...shape], { device });
    const mean = of ? of.mean : zero.add(config.mean_final);
    const std = config.final_adaptive && of ? of.std : zero.add(Math.sqrt(config.var_final));
    return { mean: mean.keep(), std: std.keep() };
  });
  const text = config.final_adaptive
    ? "mean and variance of the data per pixel"
    : `${config.adaptive_mean ? "mean of the data per pixel" : `mean ${config.mean_final}`}, variance ${config.var_final}`;
  return {
    text,
    moments: config.adaptive_mean || config.final_adaptive ? moments : null,
    decode: (like, { generator, forRows = drawAll }) =>
      tidy(() => {
        const draw = (n: number) => randn([n, ...shape], { generator, device: like.device });
        return forRows(like.size(0), draw).mul(moments.std).add(moments.mean);
      }),
  };
}

/** The Gaussian at time 1 as an end; its rows only say how many there are. */
function gaussianEnd(x0: ImageEnd, config: CompleteTrainConfig): ImageEnd {
  const shape = x0.train.shape.slice(1);
  const { device } = x0.train;
  const rows = (n: number) =>
    tidy(() => zeros([1, ...shape], { device }).expand([n, ...shape])).keep();
  const { decode, text, moments } = gaussianLaw(config, { shape, device, images: () => x0.train });
  return {
    name: gaussianName,
    train: rows(x0.train.size(0)),
    test: rows(x0.test.size(0)),
    classes: [],
    about: `gaussian: ${text}`,
    decode,
    conditions: null,
    order: null,
    trainOrder: null,
    moments,
    unscale: null,
  };
}

/** Mean and standard deviation of each pixel over a table, [1, C, H, W]. */
function pixelMoments(table: Tensor, part = 1000): { mean: Tensor; std: Tensor } {
  const n = table.size(0);
  const parts = Array.from({ length: Math.ceil(n / part) }, (_, i) =>
    table.narrow(0, i * part, Math.min(part, n - i * part)),
  );
  const total = (of: (x: Tensor) => Tensor) =>
    parts
      .map((rows) => tidy(() => of(decodeImages(rows).to("float64")).sum(0, { keepdim: true })))
      .reduce((a, b) => a.add(b));
  const mean = total((x) => x).div(n);
  const std = total((x) => x.sub(mean).square())
    .div(n)
    .sqrt();
  return { mean: mean.to("float32"), std: std.to("float32") };
}

/** The tables on the configuration's device. */
function on(end: ImageEnd, device: Device): ImageEnd {
  if (device === "cpu") return end;
  const moved = (t: Tensor) => {
    const there = t.to({ device }).keep();
    t.dispose();
    return there;
  };
  const { train, test, order, trainOrder, conditions } = end;
  return {
    ...end,
    train: moved(train),
    test: moved(test),
    order: order && moved(order),
    trainOrder: trainOrder && moved(trainOrder),
    conditions: conditions && {
      train: mapConditions(conditions.train, moved) ?? {},
      test: mapConditions(conditions.test, moved) ?? {},
    },
  };
}

/** Loads both ends. Throws a DatasetError for missing files, a UsageError for images of another size. */
export function loadImageData(config: CompleteTrainConfig): ImageData {
  const device = config.device as Device;
  const x0 = on(imageEnd(config.Dataset, config), device);
  const x1 = config.transfer
    ? on(imageEnd(config.Dataset_transfer as string, config), device)
    : gaussianEnd(x0, config);
  if (hasClasses(config.model) && x1.conditions && x0.classes.length !== x1.classes.length)
    throw new UsageError(
      `model.class_cond=true needs as many classes at both ends, got ${x0.classes.length} of ${x0.name} and ${x1.classes.length} of ${x1.name}: choose subsets of one size, such as Dataset=mnist_0_1 Dataset_transfer=emnist_1_2`,
    );
  return {
    x0,
    x1,
    dispose() {
      for (const end of [x0, x1]) {
        const told = [end.conditions?.train, end.conditions?.test].flatMap(conditionTensors);
        const { train, test, order, trainOrder } = end;
        for (const t of [train, test, order, trainOrder, ...told]) t?.dispose();
      }
    },
  };
}

/** Test rows (or rows of `split`) of an end as networks see them, [n, C, H, W], the same at every call. */
export function testRows(end: ImageEnd, n: number, seed: number, split: Split = "test"): Tensor {
  const rows = firstRows(end[split], n, orderOf(end, split));
  // Training may mirror images; they are evaluated as they lie.
  if (end.name !== gaussianName) return decodeImages(rows);
  const generator = stream(seed, `${split}/${end.name}`, rows.device);
  return end.decode(rows, { end: "x1", generator });
}

const orderOf = ({ order, trainOrder }: ImageEnd, split: Split): Tensor | null =>
  split === "test" ? order : trainOrder;

/** The first `n` rows of a table in an order. */
function firstRows(table: Tensor, n: number, order: Tensor | null): Tensor {
  const some = Math.min(n, table.size(0));
  return order ? table.indexSelect(0, order.narrow(0, 0, some)) : table.narrow(0, 0, some);
}

/** What goes with `testRows(data[end], n, …)`: conditions of the end, or of the other for a Gaussian. */
export function testConditions(
  data: ImageData,
  end: End,
  n: number,
  split: Split = "test",
): Conditions | undefined {
  const told = conditionsAt(
    { x0: data.x0.conditions?.[split], x1: data.x1.conditions?.[split] },
    end,
  );
  return told && mapConditions(told.values, (t) => firstRows(t, n, orderOf(data[told.of], split)));
}

export const tables = ({ x0, x1 }: ImageData): Endpoints => ({
  x0: x0.train,
  x1: x1.train,
  conditions: { x0: x0.conditions?.train, x1: x1.conditions?.train },
});
