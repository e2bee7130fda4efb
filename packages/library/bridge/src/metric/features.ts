// Fréchet distances between two sets of images, computed from the features of a network. The network decides the
// name of the distance.
import { type Tensor, tidy } from "@dsbm/torch";
import { inBatches } from "../core/batches.js";
import { FeatureStatistics } from "./feature-statistics.js";
import { frechetDistance, type Gaussian } from "./frechet.js";

/** A network that turns images into features. */
export interface FeatureExtractor {
  /** The name of a Fréchet distance in these features: `fid` for those of Inception-v3 and no others. */
  readonly metric: "fid" | "fid_lenet";
  readonly dim: number;
  /** Images per batch, so that memory is bounded. */
  readonly batchSize: number;
  /** Features [n, dim] of images [n, C, H, W]: bytes, or floating numbers of which −1 is black and 1 white. */
  features(images: Tensor): Tensor;
}

/**
 * Statistics of the features of images [n, C, H, W], or of several such tables one after the other.
 * Throws what the extractor throws; the caller disposes of the statistics.
 */
export function imageStatistics(
  extractor: FeatureExtractor,
  images: Tensor | Iterable<Tensor>,
): FeatureStatistics {
  const statistics = new FeatureStatistics(extractor.dim);
  try {
    for (const table of Symbol.iterator in images ? images : [images])
      inBatches(table, extractor.batchSize, (rows) => {
        statistics.update(extractor.features(rows));
      });
    return statistics;
  } catch (error) {
    statistics.dispose();
    throw error;
  }
}

/** A Fréchet distance between images, with its name. */
export interface FrechetScore {
  metric: FeatureExtractor["metric"];
  value: number;
  /** Number of images compared with the real ones; with fewer, the distance is larger on average. */
  n: number;
}

/**
 * The distance of images [n, C, H, W] from the statistics of real ones in the same features.
 * Throws a BridgeError where those have another number of features, and for fewer than 2 images.
 */
export function frechetScore(
  extractor: FeatureExtractor,
  images: Tensor | Iterable<Tensor>,
  real: Gaussian,
): FrechetScore {
  using statistics = imageStatistics(extractor, images);
  const value = tidy(() => frechetDistance(statistics.gaussian(), real));
  return { metric: extractor.metric, value, n: statistics.n };
}
