// The training of an autoencoder on images of all datasets, and the units of its latent maps.
import { decodeImages, inBatches } from "@dsbm/bridge";
import { cat, type Generator, noGrad, randn, type Tensor, tidy } from "@dsbm/torch";
import { type BatchProgress, shuffledBatches, trainInBatches } from "../batch-training.js";
import type { Autoencoder } from "./autoencoder.js";

/** Images and length of the training of an autoencoder. */
export interface AutoencoderTraining {
  /** Images of each dataset, [n, C, H, W]: bytes, or numbers from −1 to 1. */
  datasets: readonly Tensor[];
  /** Draws images and noise. */
  generator: Generator;
  /** Training steps. */
  steps: number;
  /** Images of each dataset in a batch (default: 16 up to 32×32 pixels, fewer of larger images, at least 4). */
  batchSize?: number;
  /** Learning rate; falls to a tenth. */
  lr?: number;
  /** Steps between two yields. */
  every?: number;
}

/** Deviation of the noise on latents, against which the decoder becomes smooth. */
const latentNoise = 0.1;
/** Weight of the squared latents, which keeps them near the size of 1. */
const latentWeight = 1e-3;
/** Weight of the errors of differences between neighbouring pixels, without which edges blur. */
const edgeWeight = 0.1;

/** Trains on shuffled batches with as many images of each dataset; yields progress. */
export function* trainAutoencoder(
  model: Autoencoder,
  { datasets, generator, steps, batchSize, lr = 2e-3, every = 25 }: AutoencoderTraining,
): Iterable<BatchProgress> {
  const most = batchSize ?? usualBatch(datasets[0] as Tensor);
  const size = Math.min(most, ...datasets.map((images) => images.size(0)));
  const orders = datasets.map((images) => shuffledBatches(images.size(0), size, generator));
  const [first] = datasets as [Tensor];
  const noise = [datasets.length * size, ...model.latentShape(first.shape.slice(1))];
  yield* trainInBatches(model, {
    batch: () => [
      cat(
        datasets.map((images, k) =>
          decodeImages(images.indexSelect(0, orders[k]?.next().value as Tensor)),
        ),
      ),
      randn(noise, { generator }).to({ device: first.device }),
    ],
    loss: (images, draws) => reconstructionLoss(model, images as Tensor, draws as Tensor),
    steps,
    lr,
    every,
  });
}

/** Pixels of the images of each dataset in a batch. */
const batchPixels = 2 ** 14;

/** Images of a dataset [n, C, H, W] in a batch. */
const usualBatch = ({ shape }: Tensor): number =>
  Math.max(4, Math.min(16, Math.floor(batchPixels / ((shape[2] ?? 1) * (shape[3] ?? 1)))));

/** The loss of images [n, C, H, W] with standard normal `noise` [n, c, h, w] on their latents, a scalar. */
function reconstructionLoss(model: Autoencoder, images: Tensor, noise: Tensor): Tensor {
  const latents = model.encode(images);
  const error = model.decode(latents.add(noise.mul(latentNoise))).sub(images);
  const edges = [2, 3].map((dim) => {
    const size = images.size(dim) - 1;
    return error
      .narrow(dim, 1, size)
      .sub(error.narrow(dim, 0, size))
      .abs()
      .mean();
  });
  return edges
    .reduce((sum, edge) => sum.add(edge.mul(edgeWeight)), error.square().mean())
    .add(latents.square().mean().mul(latentWeight));
}

/** Images that are encoded at once. */
const encodedTogether = 64;

/** Latent maps [n, c, h, w] of images [n, C, H, W], bytes or numbers from −1 to 1, without gradients. */
export const encodeImageRows = (model: Autoencoder, images: Tensor): Tensor =>
  inParts(images, (part) => model.encode(decodeImages(part)));

/** Images [n, C, H, W] within −1 … 1 of latent maps [n, c, h, w], without gradients. */
export const decodeLatentRows = (model: Autoencoder, latents: Tensor): Tensor =>
  inParts(latents, (part) => model.decode(part).clamp({ min: -1, max: 1 }));

const inParts = (rows: Tensor, change: (part: Tensor) => Tensor): Tensor =>
  noGrad(() =>
    tidy(() => cat(inBatches(rows, encodedTogether, (part) => tidy(() => change(part))))),
  );

/**
 * Chooses the units of a new autoencoder so that its latents have mean 0 and deviation 1 in each channel, averaged over
 * datasets. Returns the latents [n, c, h, w] of each dataset; the caller disposes them.
 */
export function standardiseLatents(model: Autoencoder, datasets: readonly Tensor[]): Tensor[] {
  return noGrad(() =>
    tidy(() => {
      const latents = datasets.map((images) => encodeImageRows(model, images));
      const average = (of: (z: Tensor) => Tensor) =>
        latents
          .map((z) => of(z).mean([0, 2, 3], { keepdim: true }))
          .reduce((sum, one) => sum.add(one))
          .div(latents.length);
      const mean = average((z) => z);
      const variance = average((z) => z.sub(mean).square());
      model.mean.copy_(mean);
      model.deviation.copy_(variance.sqrt().clamp({ min: 1e-6 }));
      return latents.map((z) => z.sub(model.mean).div(model.deviation).keep());
    }),
  );
}
