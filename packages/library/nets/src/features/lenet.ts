// A small convolutional classifier after LeNet-5 (LeCun 1998): the reference classifier of images, and their features
// where Inception's weights are missing. Distances in these features compare bridges on one data set only.

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

/** Least height and width of an image: it is halved twice, and at least 2×2 remain. */
const smallest = 8;

/** Options of `trainClassifier` with which a LeNet reaches more than 98.5 % on MNIST. */
export const lenetTraining = { epochs: 3, batchSize: 64, lr: 3e-3 } as const;

export interface LeNetOptions {
  /** Of the images: 1 or 3. */
  channels?: number;
  /** Of the logits: labels are 0 … classes − 1. */
  classes?: number;
  /** The random stream of the initial weights (default: the default generator). */
  generator?: Generator | undefined;
}

/** Images [n, C, H, W] of any size from 8×8 on to logits [n, classes]; parameters `conv1.weight`, …, `fc3.bias`. */
export class LeNet extends nn.Module {
  conv1: nn.Conv2d;
  conv2: nn.Conv2d;
  fc1: nn.Linear;
  fc2: nn.Linear;
  fc3: nn.Linear;
  readonly channels: number;
  readonly classes: number;
  /** Numbers of features of one image. */
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
   * The penultimate layer [n, 84] of images [n, C, H, W] of −1 … 1, or of bytes.
   * Throws a BridgeError for images of another number of channels, or smaller than 8×8.
   */
  features(images: Tensor): Tensor {
    const { shape } = images;
    const [, channels, height, width] = shape as [number, number, number, number];
    if (shape.length !== 4 || channels !== this.channels || Math.min(height, width) < smallest)
      throw argumentError(
        `images of shape [${shape}] for a LeNet of ${this.channels} channels; expected [n, ${this.channels}, H, W] of at least ${smallest}×${smallest}`,
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

/** The origin of a trained LeNet, which gives distances in its features a meaning. */
export interface LeNetFacts {
  /** The data set's configuration name. */
  dataset: string;
  /** The labels of its classes. */
  labels: readonly number[];
  /** Share of the test split that it classifies correctly, between 0 and 1. */
  accuracy: number;
  /** The seed of its initial weights and of the order of its batches. */
  seed: number;
}

const format = "dsbm/lenet/1";

/** The bytes of a safetensors file with the weights, and the facts as metadata. */
export function encodeLeNet(model: LeNet, facts: LeNetFacts): Uint8Array {
  return io.encodeTensors(model.stateDict(), {
    format,
    dataset: facts.dataset,
    labels: JSON.stringify(facts.labels),
    accuracy: String(facts.accuracy),
    seed: String(facts.seed),
  });
}

/**
 * The network of a file of `encodeLeNet`, in evaluation mode, and its facts.
 * Throws a TorchError for a file that is not safetensors, a BridgeError for one with other content.
 */
export function loadLeNet(path: string): { model: LeNet; facts: LeNetFacts } {
  return tidy(() => {
    const { tensors, metadata } = io.loadTensors(path);
    const refuse = (what: string) =>
      dataError(`${path}: ${what}; expected a classifier that dsbm saved (${format})`);
    if (metadata.format !== format)
      throw refuse(`its metadata says format ${JSON.stringify(metadata.format ?? null)}`);
    const [channels, classes] = [
      tensors.get("conv1.weight")?.shape[1],
      tensors.get("fc3.bias")?.shape[0],
    ];
    if (!channels || !classes) throw refuse("it lacks conv1.weight or fc3.bias");
    const facts = readFacts(metadata);
    if (typeof facts === "string") throw refuse(facts);
    const model = new LeNet({ channels, classes });
    try {
      model.loadStateDict(tensors).eval();
    } catch (error) {
      model.dispose();
      throw refuse(error instanceof Error ? error.message : String(error));
    }
    return { model, facts };
  });
}

/** The facts of a file's metadata, or what is wrong with them. */
function readFacts(metadata: Record<string, string>): LeNetFacts | string {
  const { dataset, labels = "", accuracy = "none", seed = "none" } = metadata;
  const facts = { accuracy: Number(accuracy), seed: Number(seed) };
  const wrong = !(facts.accuracy >= 0 && facts.accuracy <= 1) || !Number.isInteger(facts.seed);
  if (dataset === undefined || wrong || !/^\[\d+(,\d+)*\]$/.test(labels))
    return "its metadata lacks a dataset, labels, an accuracy from 0 to 1 or a seed";
  return { dataset, labels: JSON.parse(labels) as number[], ...facts };
}

/** The penultimate layer [n, 84] of a trained LeNet; its distances are called `fid_lenet`, never FID. */
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
