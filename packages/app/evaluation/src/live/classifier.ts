// What a small classifier of the labelled data says of ends: the share that it takes for the wanted classes, and a
// Fréchet distance in its features (fid_lenet, which is no FID), each beside that of held-out data.
import { type FeatureExtractor, frechetScore, type Gaussian, imageStatistics } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { lenetFeatures } from "@dsbm/nets";
import type { DataEnd, Ends } from "@dsbm/problem";
import { gaussianName } from "@dsbm/problem";
import type { Tensor } from "@dsbm/torch";
import type { Evaluator, OpenOptions } from "./evaluator.js";
import {
  type ReferenceClassifier,
  referenceClassifier,
  shareOfClasses,
} from "./reference-classifier.js";

type Side = "x0" | "x1";

export async function openClassifier(
  ends: Ends,
  config: CompleteTrainConfig,
  options: OpenOptions,
): Promise<Evaluator | null> {
  const found: Partial<Record<Side, Measured>> = {};
  for (const side of ["x1", "x0"] as const) {
    const end = ends[side];
    const classifier =
      end.name === gaussianName ? null : await referenceClassifier(ends, end, config, options);
    if (options.signal?.aborted) {
      for (const { classifier: made } of Object.values(found)) made.model.dispose();
      return null;
    }
    if (classifier) found[side] = { classifier, statistics: null, floor: null };
  }
  return {
    measure({ side, end, data }) {
      const own = found[side];
      if (!own) return { share: null, data_share: null, fid_lenet: null, data_fid_lenet: null };
      const features = lenetFeatures(own.classifier.model);
      const wanted = ends[side];
      own.statistics ??= statisticsOf(features, pictures(wanted, wanted.train));
      own.floor ??= frechetScore(features, pictures(wanted, wanted.test), own.statistics).value;
      const shown = pictures(wanted, end);
      return {
        share: shareOfClasses(own.classifier, shown, wanted),
        data_share: shareOfClasses(own.classifier, pictures(wanted, data), wanted),
        fid_lenet: frechetScore(features, shown, own.statistics).value,
        data_fid_lenet: own.floor,
      };
    },
    [Symbol.dispose]() {
      for (const { classifier, statistics } of Object.values(found)) {
        classifier.model.dispose();
        statistics?.mean.dispose();
        statistics?.covariance.dispose();
      }
    },
  };
}

interface Measured {
  classifier: ReferenceClassifier;
  /** Of the training data, and the distance of held-out data from them; computed once. */
  statistics: Gaussian | null;
  floor: number | null;
}

/** Samples as pictures on the processor: coordinates are brought back to what they are coordinates of. */
export const pictures = ({ shown }: DataEnd, x: Tensor): Tensor => {
  const here = x.to({ device: "cpu" });
  return x.shape.length === 2 && shown ? shown(here) : here;
};

/** Mean and covariance of features, kept out of scopes. */
export function statisticsOf(features: FeatureExtractor, images: Tensor): Gaussian {
  using of = imageStatistics(features, images);
  const { mean, covariance } = of.gaussian();
  return { mean: mean.keep(), covariance: covariance.keep() };
}
