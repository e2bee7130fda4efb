import { cat, type Tensor, tidy } from "@dsbm/torch";
import { inBatches } from "../core/batches.js";
import { FeatureStatistics } from "./feature-statistics.js";
import { frechetDistance, type Gaussian } from "./frechet.js";

/** A network whose features define a Fréchet distance. */
export interface FeatureExtractor {
  /** `fid` is for the features of Inception-v3 only. */
  readonly metric: "fid" | "fid_lenet";
  /** The number of features. */
  readonly dim: number;
  /** Images in one call of `features`. */
  readonly batchSize: number;
  /** Features [n, dim] of images [n, C, H, W]: bytes, or numbers from −1 (black) to 1 (white). */
  features(images: Tensor): Tensor;
}

/** Statistics of the features of images [n, C, H, W], or of several tables. The caller disposes them. */
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

/** Features [n, dim] of images [n, C, H, W], as float64. */
export const imageFeaturesOf = (extractor: FeatureExtractor, images: Tensor): Tensor =>
  tidy(() =>
    cat(
      inBatches(images, extractor.batchSize, (rows) =>
        extractor.features(rows).to({ dtype: "float64", device: "cpu" }),
      ),
    ),
  );

/** A Fréchet distance of images by features. */
export interface FrechetScore {
  /** The name of the distance. */
  metric: FeatureExtractor["metric"];
  /** The squared distance of the Gaussians. */
  value: number;
  /** Number of images; fewer images give larger distances on average. */
  n: number;
}

/**
 * The Fréchet distance of images [n, C, H, W] from real statistics.
 * @throws {BridgeError} for other features and below 2 images.
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
