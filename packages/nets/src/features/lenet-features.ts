// Where the weights of Inception are not at hand, the features of a small classifier of one's own take their
// place. Distances in them compare bridges on one data set with one another, and with no published figure.

import type { FeatureExtractor } from "@dsbm/bridge";
import { noGrad, tidy } from "@dsbm/torch";
import type { LeNet } from "./lenet.js";

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
