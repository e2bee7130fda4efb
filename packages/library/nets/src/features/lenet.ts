// A small classifier after LeNet-5 (LeCun 1998), whose features compare bridges on one dataset only.

import { argumentError, dataError, decodeImages, type FeatureExtractor } from "@dsbm/bridge";
import {
  adaptiveAvgPool2d,
  avgPool2d,
  type Generator,
  io,
  nn,
  noGrad,
  type Tensor,
  tidy,
} from "@dsbm/torch";

const smallestImage = 8;

/** A LeNet reaches more than 98.5 % on MNIST with these options. */
export const lenetTraining = { epochs: 3, batchSize: 64, lr: 3e-3 } as const;

/** Options of `LeNet`. */
export interface LeNetOptions {
  /** 1 or 3. */
  channels?: number;
  /** Labels are 0 … classes − 1. */
  classes?: number;
  generator?: Generator | undefined;
}

/** Images [n, C, H, W] from 8×8 on to logits [n, classes]; parameters `conv1.weight`, …, `fc3.bias`. */
export class LeNet extends nn.Module {
  /** [C, H, W] → [8, H, W]. */
  conv1: nn.Conv2d;
  /** 8 → 24 channels, after pooling. */
  conv2: nn.Conv2d;
  /** 24·4·4 → 120. */
  fc1: nn.Linear;
  /** 120 → 84, the features. */
  fc2: nn.Linear;
  /** 84 → classes. */
  fc3: nn.Linear;
  /** Channels of images. */
  readonly channels: number;
  /** The number of logits. */
  readonly classes: number;
  /** The number of features. */
  readonly dim = 84;

  constructor({ channels = 1, classes = 10, generator }: LeNetOptions = {}) {
    super();
    this.channels = channels;
    this.classes = classes;
    this.conv1 = new nn.Conv2d(channels, 8, 5, { padding: 2, generator });
    this.conv2 = new nn.Conv2d(8, 24, 5, { padding: 2, generator });
    this.fc1 = new nn.Linear(24 * 4 * 4, 120, { generator });
    this.fc2 = new nn.Linear(120, this.dim, { generator });
    this.fc3 = new nn.Linear(this.dim, classes, { generator });
  }

  /**
   * The penultimate layer [n, 84] of images [n, C, H, W] of −1 … 1, or bytes.
   * @throws {BridgeError} for other channels or images below 8×8.
   */
  features(images: Tensor): Tensor {
    const { shape } = images;
    const [, channels, height, width] = shape as [number, number, number, number];
    if (shape.length !== 4 || channels !== this.channels || Math.min(height, width) < smallestImage)
      throw argumentError(
        `images of shape [${shape}] for a LeNet of ${this.channels} channels; expected [n, ${this.channels}, H, W] of at least ${smallestImage}×${smallestImage}`,
      );
    let h = images.dtype === "uint8" ? decodeImages(images) : images;
    h = avgPool2d(this.conv1.forward(h).silu(), 2);
    h = avgPool2d(this.conv2.forward(h).silu(), 2);
    h = adaptiveAvgPool2d(h, [4, 4]).flatten({ startDim: 1 });
    return this.fc2.forward(this.fc1.forward(h).silu()).silu();
  }

  forward(images: Tensor): Tensor {
    return this.fc3.forward(this.features(images));
  }
}

/** The origin of a trained LeNet. */
export interface LeNetFacts {
  /** The dataset's configuration name. */
  dataset: string;
  /** Published labels by class. */
  labels: readonly number[];
  /** Share of the test split with the right class. */
  accuracy: number;
  /** The seed of the initial weights and of the order of batches. */
  seed: number;
}

/** A safetensors file with the weights, and the facts as metadata. */
export const encodeLeNet = (model: LeNet, facts: LeNetFacts): Uint8Array =>
  io.encodeTensors(model.stateDict(), { lenet: JSON.stringify(facts) });

/**
 * Reads a file of `encodeLeNet`.
 * @throws {TorchError} for other tensors, a BridgeError for other metadata.
 */
export function loadLeNet(path: string): { model: LeNet; facts: LeNetFacts } {
  return tidy(() => {
    const { tensors, metadata } = io.loadTensors(path);
    if (!metadata.lenet) throw dataError(`${path}: expected a classifier that dsbm saved`);
    const [, channels] = tensors.get("conv1.weight")?.shape ?? [];
    const [classes] = tensors.get("fc3.bias")?.shape ?? [];
    const model = new LeNet({ channels, classes });
    model.loadStateDict(tensors).eval();
    return { model, facts: JSON.parse(metadata.lenet) as LeNetFacts };
  });
}

/** The penultimate layer [n, 84]; its distances are `fid_lenet`, never FID. */
export function lenetFeatures(
  model: LeNet,
  { batchSize = 500 }: { batchSize?: number } = {},
): FeatureExtractor {
  return {
    metric: "fid_lenet",
    dim: model.dim,
    batchSize,
    features: (images) =>
      noGrad(() => tidy(() => model.features(images.to({ device: model.conv1.weight.device })))),
  };
}
