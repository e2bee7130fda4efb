// Metrics of images: the share classified as the target's classes, and Fréchet distances of
// networks' features.
import {
  type FeatureExtractor,
  frechetScore,
  type Gaussian,
  imageStatistics,
  loadStatistics,
} from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { inceptionFeatures, lenetFeatures } from "@dsbm/nets";
import { type EndpointData, gaussianName, isVectors } from "@dsbm/problem";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import {
  type ReferenceClassifier,
  referenceClassifier,
  shareOfClasses,
} from "../images/reference-classifier.js";
import type { Measuring } from "../measuring.js";
import type { DataFacts, Metric, SampleSet } from "../metric.js";

type Side = SampleSet["side"];

const imagesOf = ({ shown }: EndpointData, x: Tensor): Tensor => {
  const here = x.to({ device: "cpu" });
  return x.shape.length === 2 && shown ? shown(here) : here;
};

const classifierOf = (context: Measuring, side: Side): Promise<ReferenceClassifier | null> =>
  context.once(`classifier/${side}`, async () => {
    const { ends, trained } = context.subject;
    const end = ends[side];
    if (end.name === gaussianName) return null;
    const found = await referenceClassifier(ends, end, trained.config, context.options);
    if (found) context.keep({ [Symbol.dispose]: () => found.model.dispose() });
    return found;
  });

const prepareClassifiers = async (context: Measuring): Promise<void> => {
  for (const side of ["x1", "x0"] as const) await classifierOf(context, side);
};

function ofClasses({ ends, config }: DataFacts): string | null {
  if (!config.metrics.judge) return "metrics.judge=false";
  const isLabelled = ends.x0.classes.length + ends.x1.classes.length > 0;
  const isImage = !isVectors(ends) || ends.projection !== null;
  return isLabelled && isImage ? null : "the data have no classes";
}

const lacksData = ({ subject: { ends } }: Measuring, { side }: Pick<SampleSet, "side">) =>
  ends[side].name === gaussianName ? "the target is noise" : null;

function statisticsOf(context: Measuring, features: FeatureExtractor, images: Tensor): Gaussian {
  using of = imageStatistics(features, images);
  const { mean, covariance } = tidy(() => {
    const found = of.gaussian();
    return { mean: found.mean.keep(), covariance: found.covariance.keep() };
  });
  for (const t of [mean, covariance]) context.keep({ [Symbol.dispose]: () => t.dispose() });
  return { mean, covariance };
}

function inceptionOf(context: Measuring): FeatureExtractor {
  return context.once("inception", () => {
    const { inception, fid_statistics } = context.subject.trained.config.metrics;
    const features = context.keep(inceptionFeatures(inception as string, { trust: true }));
    if (fid_statistics !== null)
      context.once("fid/x0", () => published(context, fid_statistics, features.dim));
    return features;
  });
}

function published(context: Measuring, path: string, dim: number): Gaussian {
  const found = loadStatistics(path);
  const mean = found.mean.keep();
  const covariance = found.covariance.keep();
  for (const t of [mean, covariance]) context.keep({ [Symbol.dispose]: () => t.dispose() });
  const size = mean.size(0);
  if (size === dim) return { mean, covariance };
  throw new ConfigError(
    "usage",
    `metrics.fid_statistics=${path} has statistics of ${size} features; expected the ${dim} of metrics.inception`,
  );
}

export const imageMetrics: readonly Metric[] = [
  {
    name: "share",
    title: "share of the target's classes",
    group: "ends",
    meaning:
      "The share of generated rows that a small classifier of the data assigns to the target's classes. Floor: held-out data; ceiling: the untransported source.",
    better: "higher",
    columns: { value: "share", floor: "data_share" },
    scale: "percent",
    isRare: true,
    serves: ofClasses,
    lacks: lacksData,
    prepare: prepareClassifiers,
    async measure({ side, start, end, data }, context) {
      const classifier = await classifierOf(context, side);
      if (!classifier) return "the data have no classes";
      const target = context.subject.ends[side];
      const share = (x: Tensor) =>
        tidy(() => shareOfClasses(classifier, imagesOf(target, x), target));
      return { value: share(end), floor: share(data), ceiling: share(start) };
    },
  },
  {
    name: "fid_lenet",
    title: "Fréchet distance (small classifier)",
    group: "ends",
    meaning:
      "The distance of generated rows from the training data in the features of a small classifier; it is not an FID. Floor: held-out data.",
    columns: { value: "fid_lenet", floor: "data_fid_lenet" },
    scale: "log",
    isRare: true,
    serves: ofClasses,
    lacks: lacksData,
    prepare: prepareClassifiers,
    async measure({ side, end }, context) {
      const classifier = await classifierOf(context, side);
      if (!classifier) return "the data have no classes";
      const target = context.subject.ends[side];
      const features = lenetFeatures(classifier.model);
      const real = context.once(`lenet/${side}`, () =>
        noGrad(() => tidy(() => statisticsOf(context, features, imagesOf(target, target.train)))),
      );
      const distance = (x: Tensor) =>
        noGrad(() => tidy(() => frechetScore(features, imagesOf(target, x), real).value));
      const floor = context.once(`lenet/floor/${side}`, () => distance(target.test));
      return { value: distance(end), floor };
    },
  },
  {
    name: "fid",
    title: "FID",
    group: "ends",
    meaning:
      "The Fréchet distance from the training data, or from published statistics, in features of Inception-v3.",
    columns: { value: "fid" },
    scale: "log",
    isRare: true,
    serves: ({ ends, config }) =>
      config.metrics.inception === null || isVectors(ends)
        ? "it needs images, and metrics.inception=FILE on the command line"
        : null,
    lacks: lacksData,
    prepare: async (context) => inceptionOf(context),
    measure({ side, end }, context) {
      const features = inceptionOf(context);
      const { train } = context.subject.ends[side];
      const real = context.once(`fid/${side}`, () =>
        noGrad(() => tidy(() => statisticsOf(context, features, train.to({ device: "cpu" })))),
      );
      return { value: noGrad(() => tidy(() => frechetScore(features, end, real).value)) };
    },
  },
];
