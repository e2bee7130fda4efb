// Images as latent maps of an autoencoder: its training on both datasets, its file in a run.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Conditions, conditionRows, mapConditions, stream } from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError, latentHalvings } from "@dsbm/config";
import {
  Autoencoder,
  decodeLatentRows,
  encodeImageRows,
  standardiseLatents,
  trainAutoencoder,
} from "@dsbm/nets";
import { autoencoderFile, checkFiles } from "@dsbm/runs";
import { cat, type Device, io, noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { EndpointData } from "./dataset.js";
import { type Datasets, type DataWork, openDatasets } from "./datasets.js";

/** Channels of the autoencoder at half of the image size. */
const autoencoderWidth = 32;

/** Samples in another space, in which networks work, such as latent maps of images. */
export class Encoding implements Disposable {
  /** Takes the autoencoder over. */
  constructor(readonly autoencoder: Autoencoder) {}

  /** Latent maps [n, c, h, w] of images [n, C, H, W]. */
  encode(images: Tensor): Tensor {
    return encodeImageRows(this.autoencoder, images);
  }

  /** Images [n, C, H, W] of latent maps [n, c, h, w]. */
  decode(latents: Tensor): Tensor {
    return decodeLatentRows(this.autoencoder, latents);
  }

  /** A safetensors file of the autoencoder. */
  toBytes(metadata: Record<string, string>): Uint8Array {
    return io.encodeTensors(this.autoencoder.stateDict(), metadata);
  }

  [Symbol.dispose](): void {
    this.autoencoder.dispose();
  }
}

function newAutoencoder(config: CompleteTrainConfig): Autoencoder {
  const { data, seed } = config;
  const options = {
    channels: data.channels,
    latent: data.latent as number,
    halvings: latentHalvings(data),
    width: autoencoderWidth,
  };
  return new Autoencoder(options, { generator: stream(seed, "autoencoder/init") });
}

/**
 * Reads the autoencoder of a run; null if its bridge runs between pixels.
 * @throws {ConfigError} if the file is missing, changed, or of other images
 */
export function readEncoding(folder: string, config: CompleteTrainConfig): Encoding | null {
  if (config.data.latent === null) return null;
  const path = join(folder, autoencoderFile);
  if (!existsSync(path))
    throw new ConfigError(
      `${path} is not there, the autoencoder of the images: copy it with the run, or train it again`,
    );
  checkFiles(folder, [autoencoderFile]);
  const model = newAutoencoder(config);
  try {
    tidy(() => model.loadStateDict(io.loadTensors(path).tensors));
  } catch (error) {
    model.dispose();
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${path} is no autoencoder of these images (${reason}): train again`);
  }
  model.eval().to({ device: config.device as Device });
  return new Encoding(model);
}

/**
 * Encodes the training images of datasets as latent maps, which then are their training rows. The autoencoder comes
 * from the run in `work.folder`, or from the teacher of a run of few steps; else it is trained. Does nothing without
 * data.latent.
 * @throws the reason of a signal, and as `readEncoding`
 */
export async function encodeDatasets(
  datasets: Datasets,
  config: CompleteTrainConfig,
  work: DataWork,
): Promise<Datasets> {
  if (config.data.latent === null || datasets.encoding !== null) return datasets;
  const { x0, x1 } = datasets;
  const isThere = (folder: string | null | undefined) =>
    folder && existsSync(join(folder, autoencoderFile));
  const folder = [work.folder, config.teacher].find(isThere);
  const images = trainingImages([x0, x1], config);
  const { encoding, latents } = await encodedImages(images, config, work, folder ?? null).finally(
    () => {
      if (config.data.random_flip) for (const rows of images) rows.dispose();
    },
  );
  const [a, b] = latents as [Tensor, Tensor];
  const conditions = { x0: encodedConditions(x0, config), x1: encodedConditions(x1, config) };
  return {
    ...datasets,
    encoding,
    rows: { x0: a, x1: b, conditions },
    dispose() {
      encoding[Symbol.dispose]();
      for (const rows of latents) rows.dispose();
      if (config.data.random_flip)
        for (const t of [conditions.x0, conditions.x1].flatMap(conditionRows)) t.dispose();
      datasets.dispose();
    },
  };
}

/** Latent maps of images [n, C, H, W] of each dataset, by the autoencoder in a folder, or by a new one. */
async function encodedImages(
  images: readonly Tensor[],
  config: CompleteTrainConfig,
  work: DataWork,
  folder: string | null,
): Promise<{ encoding: Encoding; latents: readonly Tensor[] }> {
  const saved = folder ? readEncoding(folder, config) : null;
  if (saved) return { encoding: saved, latents: images.map((rows) => saved.encode(rows).keep()) };
  const encoding = new Encoding(await trainedAutoencoder(images, config, work));
  return { encoding, latents: standardiseLatents(encoding.autoencoder, images) };
}

/** Training images [n, C, H, W] of each dataset; with data.random_flip also the mirrored ones, [2n, C, H, W], which the caller disposes. */
const trainingImages = (
  ends: readonly EndpointData[],
  { data }: CompleteTrainConfig,
): readonly Tensor[] =>
  ends.map(({ train }) =>
    data.random_flip ? tidy(() => cat([train, train.flip([3])]).keep()) : train,
  );

/** The conditions of `trainingImages`; with data.random_flip the caller disposes them. */
const encodedConditions = (
  { conditions }: EndpointData,
  { data }: CompleteTrainConfig,
): Conditions | undefined =>
  data.random_flip
    ? mapConditions(conditions?.train, (t) => tidy(() => cat([t, t]).keep()))
    : conditions?.train;

/**
 * The data of a run, encoded if it has data.latent; a resumed run has its autoencoder.
 * @throws as `openDatasets` and `encodeDatasets`.
 */
export async function openEncodedDatasets(
  config: CompleteTrainConfig,
  { isResumed, ...work }: DataWork & { isResumed: boolean },
): Promise<Datasets> {
  const datasets = await openDatasets(config, work);
  try {
    return await encodeDatasets(
      datasets,
      config,
      isResumed ? work : { ...work, folder: undefined },
    );
  } catch (error) {
    datasets.dispose();
    throw error;
  }
}

const measuredSteps = 6;

/** Seconds of a training step of the autoencoder on this machine. */
export function secondsOfAutoencoderStep(
  { x0, x1 }: Datasets,
  config: CompleteTrainConfig,
): number {
  const model = newAutoencoder(config).to({ device: config.device as Device });
  const datasets = [x0.train, x1.train];
  const generator = stream(0, "autoencoder/speed");
  let began = 0;
  // The first step records the program.
  for (const { step } of trainAutoencoder(model, {
    datasets,
    generator,
    steps: measuredSteps,
    every: 1,
  }))
    if (step === 1) began = performance.now();
  model.dispose();
  return (performance.now() - began) / 1000 / (measuredSteps - 1);
}

async function trainedAutoencoder(
  datasets: readonly Tensor[],
  config: CompleteTrainConfig,
  { progress, signal, deadline = Number.POSITIVE_INFINITY }: DataWork,
): Promise<Autoencoder> {
  const model = newAutoencoder(config).to({ device: config.device as Device });
  const training = trainAutoencoder(model, {
    datasets,
    generator: stream(config.seed, "autoencoder/train"),
    steps: config.data.latent_steps,
  });
  const began = performance.now();
  try {
    for (const { step, steps, loss } of training) {
      const rate = (1000 * step) / (performance.now() - began);
      progress.update({ label: "autoencoder", step, steps, loss, rate });
      // Signals arrive between two turns.
      await new Promise(setImmediate);
      signal?.throwIfAborted();
      if (performance.now() < deadline || step === steps) continue;
      progress.line(`the autoencoder ends after ${step} of ${steps} steps: its time is up`);
      break;
    }
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** The root mean square error of images [n, C, H, W] that go through the autoencoder, and their deviation from their mean. */
export function reconstructionError(
  encoding: Encoding,
  images: Tensor,
): { error: number; deviation: number } {
  return noGrad(() =>
    tidy(() => {
      const rms = (x: Tensor) => x.square().mean().sqrt().item();
      const back = encoding.decode(encoding.encode(images));
      return {
        error: rms(back.sub(images)),
        deviation: rms(images.sub(images.mean(0, { keepdim: true }))),
      };
    }),
  );
}
