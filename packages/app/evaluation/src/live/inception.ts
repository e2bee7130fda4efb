// The FID, with the published Inception-v3 file that the configuration names.
import { type FeatureExtractor, frechetScore, type Gaussian, loadStatistics } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { UsageError } from "@dsbm/config";
import { inceptionFeatures } from "@dsbm/nets";
import type { Ends } from "@dsbm/problem";
import { gaussianName } from "@dsbm/problem";
import { statisticsOf } from "./classifier.js";
import type { Evaluator } from "./evaluator.js";

/** Throws a TorchError, BridgeError or UsageError for files that are not what they should be. */
export async function openInception(
  ends: Ends,
  { metrics }: CompleteTrainConfig,
): Promise<Evaluator | null> {
  const features = inceptionFeatures(metrics.inception as string);
  const real: { x0?: Gaussian; x1?: Gaussian } = {};
  const dispose = () => {
    features[Symbol.dispose]();
    for (const { mean, covariance } of Object.values(real)) {
      mean.dispose();
      covariance.dispose();
    }
  };
  try {
    if (metrics.fid_statistics !== null) real.x0 = published(metrics.fid_statistics, features);
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    measure({ side, end }) {
      if (ends[side].name === gaussianName) return { fid: null };
      real[side] ??= statisticsOf(features, ends[side].train.to({ device: "cpu" }));
      return { fid: frechetScore(features, end, real[side]).value };
    },
    [Symbol.dispose]: dispose,
  };
}

/** The statistics of a file that the user names. */
function published(path: string, { dim }: FeatureExtractor): Gaussian {
  const { mean, covariance } = loadStatistics(path);
  if (mean.size(0) === dim) return { mean: mean.keep(), covariance: covariance.keep() };
  const got = mean.size(0);
  for (const t of [mean, covariance]) t.dispose();
  throw new UsageError(
    `metrics.fid_statistics=${path} has statistics of ${got} features; expected the ${dim} of metrics.inception`,
  );
}
