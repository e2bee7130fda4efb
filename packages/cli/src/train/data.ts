// The two ends of an image bridge: tables to train on and to evaluate with, from image sets or a Gaussian.
import {
  type Decode,
  decodeImages,
  type Endpoints,
  flipImages,
  type ImageClass,
  type ImageTable,
  loadImages,
  prepareImages,
  type Split,
  stream,
  summary,
} from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { type Device, randn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { UsageError } from "../errors.js";
import type { Progress } from "../progress.js";

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
function loading(split: Split, { data, paths, seed, wavenumber }: CompleteTrainConfig) {
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
      await prepareImages(name, {
        ...loading(split, config),
        progress: ({ done, total }) =>
          progress.update({ label: `decoding ${name}, ${split}`, step: done, steps: total }),
        ...(signal && { signal }),
      });
}

function imageEnd(name: string, config: CompleteTrainConfig): ImageEnd {
  const { image_size, channels, random_flip } = config.data;
  const [train, test] = splits.map((split) => loadImages(name, loading(split, config))) as [
    ImageTable,
    ImageTable,
  ];
  for (const t of [train.x, test.x, train.labels, test.labels]) t?.keep();
  const [, c, height, width] = train.x.shape;
  if (c !== channels || height !== image_size || width !== image_size)
    throw new UsageError(
      `${name} has images of ${c} channels and ${height}×${width} pixels, but the network is built for data.channels=${channels} and data.image_size=${image_size}: set these keys to the data's, or choose other data`,
    );
  const flip = random_flip || train.flip;
  const facts = summary(train);
  return {
    name,
    train: train.x,
    test: test.x,
    classes: train.classes,
    about: `${name}: ${facts.n} images [${facts.shape}], mean ${facts.mean.toFixed(3)}, std ${facts.std.toFixed(3)}, and ${test.x.size(0)} held out (${train.source})`,
    decode: (rows, { generator }) =>
      flip ? flipImages(decodeImages(rows), { generator }) : decodeImages(rows),
  };
}

/** N(mean_final, var_final), or with mean and variance of the data per pixel; rows only say how many there are. */
function gaussianEnd(x0: ImageEnd, config: CompleteTrainConfig): ImageEnd {
  const shape = x0.train.shape.slice(1);
  const { device } = x0.train;
  const rows = (n: number) =>
    tidy(() => zeros([1, ...shape], { device }).expand([n, ...shape])).keep();
  const moments = tidy(() => {
    const adaptive = config.adaptive_mean || config.final_adaptive;
    const of = adaptive ? pixelMoments(x0.train) : null;
    const zero = zeros([1, ...shape], { device });
    const mean = of ? of.mean : zero.add(config.mean_final);
    const std = config.final_adaptive && of ? of.std : zero.add(Math.sqrt(config.var_final));
    return { mean: mean.keep(), std: std.keep() };
  });
  const text = config.final_adaptive
    ? "mean and variance of the data per pixel"
    : `${config.adaptive_mean ? "mean of the data per pixel" : `mean ${config.mean_final}`}, variance ${config.var_final}`;
  return {
    name: gaussianName,
    train: rows(x0.train.size(0)),
    test: rows(x0.test.size(0)),
    classes: [],
    about: `gaussian: ${text}`,
    decode: (like, { generator }) =>
      tidy(() =>
        randn(like.shape, { generator, device: like.device }).mul(moments.std).add(moments.mean),
      ),
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
  const [train, test] = [end.train, end.test].map((t) => {
    const moved = t.to({ device }).keep();
    t.dispose();
    return moved;
  }) as [Tensor, Tensor];
  return { ...end, train, test };
}

/** Loads both ends. Throws a DatasetError for missing files, a UsageError for images of another size. */
export function loadImageData(config: CompleteTrainConfig): ImageData {
  const device = config.device as Device;
  const x0 = on(imageEnd(config.Dataset, config), device);
  const x1 = config.transfer
    ? on(imageEnd(config.Dataset_transfer as string, config), device)
    : gaussianEnd(x0, config);
  return {
    x0,
    x1,
    dispose() {
      for (const end of [x0, x1]) for (const t of [end.train, end.test]) t.dispose();
    },
  };
}

/** Test rows of an end as networks see them, [n, C, H, W], the same at every call. */
export function testRows(end: ImageEnd, n: number, seed: number): Tensor {
  const rows = end.test.narrow(0, 0, Math.min(n, end.test.size(0)));
  // Training may mirror images; they are evaluated as they lie.
  if (end.name !== gaussianName) return decodeImages(rows);
  const generator = stream(seed, `test/${end.name}`, rows.device);
  return end.decode(rows, { end: "x1", generator });
}

export const tables = ({ x0, x1 }: ImageData): Endpoints => ({ x0: x0.train, x1: x1.train });
