// Distances in features of Inception-v3, whose file the user gives.
import {
  type Endpoint,
  type FeatureExtractor,
  factoredGaussianOf,
  frechetDistance,
  type Gaussian,
  imageFeaturesOf,
  kernelInceptionDistance,
  loadStatistics,
  withFactor,
} from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { gaussianName, isVectors } from "@dsbm/datasets";
import { inceptionFeatures } from "@dsbm/nets";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import { halvesOf } from "../bounds/halves.js";
import { measurementOf } from "../bounds/measurement.js";
import { keptGaussian, statisticsOf } from "../images/feature-statistics.js";
import type { MeasurementContext, Metric, MetricData, SampleSet } from "../metric.js";
import type { SampleSubject } from "../subject.js";

type InceptionContext = MeasurementContext<SampleSubject>;

/** Returns why Inception-v3 cannot see these data, or null. */
function withoutInception({ datasets, config }: MetricData<SampleSubject>): string | null {
  const isImage = !isVectors(datasets) && !datasets.channels;
  return isImage && config.metrics?.inception
    ? null
    : "it needs images, and the file of Inception-v3: inception=FILE (metrics.inception=FILE in a training)";
}

const lacksImages = (
  { subject: { datasets } }: InceptionContext,
  { target }: Pick<SampleSet, "target">,
) => (datasets[target]?.name === gaussianName ? "the target is noise" : null);

/** The network, loaded once. */
function inceptionOf(context: InceptionContext): FeatureExtractor {
  return context.once("inception", () => {
    const { inception, fid_statistics } = context.subject.trained.config.metrics!;
    const network = inceptionFeatures(inception as string, { trust: true });
    if (fid_statistics !== null)
      context.once(realKey("x0"), () => publishedStatistics(context, fid_statistics, network.dim));
    return network;
  });
}

const realKey = (side: Endpoint) => `fid/${side}`;

function publishedStatistics(context: InceptionContext, path: string, dim: number): Gaussian {
  return keptGaussian(context, () => {
    const statistics = loadStatistics(path);
    checkSize(statistics, path, dim);
    return withFactor(statistics);
  });
}

function checkSize({ mean }: Gaussian, path: string, dim: number): void {
  const size = mean.size(0);
  if (size !== dim)
    throw new ConfigError(
      `metrics.fid_statistics=${path} has statistics of ${size} features; expected the ${dim} of metrics.inception`,
    );
}

/** Features [n, 2048] of the samples of a set. */
interface InceptionSamples {
  generated: Tensor;
  data: Tensor;
  /** Further target images, at most twice as many as generated images; null: no floor. */
  reserve: Tensor | null;
  /** Null: no ceiling. */
  source: Tensor | null;
}

function samplesOf(set: SampleSet, context: InceptionContext): InceptionSamples {
  const network = inceptionOf(context);
  const { floor, ceiling } = set.bounds ?? { floor: true, ceiling: true };
  const features = (x: Tensor) =>
    context.own(() => noGrad(() => imageFeaturesOf(network, x.to({ device: "cpu" }))));
  return context.once(
    "inception/samples",
    () => {
      const reserve = floor ? set.floorRows() : null;
      const most = 2 * set.generatedRows.size(0);
      return tidy(() => ({
        generated: features(set.generatedRows),
        data: context.once(`inception/data/${set.key}`, () => features(set.targetRows)),
        reserve: reserve && features(reserve.narrow(0, 0, Math.min(most, reserve.size(0)))),
        source: ceiling ? features(set.sourceRows) : null,
      }));
    },
    set,
  );
}

/** Statistics of the training images of a dataset; without a run, of the further target images. */
const realOf = (set: SampleSet, context: InceptionContext): Gaussian => {
  const network = inceptionOf(context);
  const train = context.subject.datasets[set.target]?.train ?? set.floorRows();
  return context.once(realKey(set.target), () =>
    noGrad(() =>
      tidy(() => {
        const images = train.to({ device: "cpu" });
        return keptGaussian(context, () =>
          images.size(0) <= network.dim
            ? factoredGaussianOf(imageFeaturesOf(network, images))
            : withFactor(statisticsOf(context, network, images)),
        );
      }),
    ),
  );
};

/**
 * Opens the files of Inception-v3 that a configuration names, before a training takes its time.
 * @throws {TorchError | BridgeError | ConfigError} for files that cannot be read and for other features.
 */
export function checkInception({
  inception,
  fid_statistics,
}: NonNullable<SampleSubject["trained"]["config"]["metrics"]>): void {
  if (inception === null) return;
  const { dim } = inceptionFeatures(inception, { trust: true });
  if (fid_statistics !== null)
    tidy(() => checkSize(loadStatistics(fid_statistics), fid_statistics, dim));
}

/** FID and KID. */
export const inceptionMetrics: readonly Metric<SampleSubject>[] = [
  {
    name: "fid",
    title: "FID",
    group: "endpoints",
    meaning:
      "The Fréchet distance to the training data, or to published statistics, in features of Inception-v3. It falls with the number of images: compare only values of equal n. Floor: held-out target images; ceiling: the untransported source.",
    columns: { value: "fid" },
    scale: "log",
    serves: withoutInception,
    lacks: lacksImages,
    prepare: async (context) => inceptionOf(context),
    measure(set, context) {
      const real = realOf(set, context);
      const distance = (features: Tensor) =>
        tidy(() => frechetDistance(factoredGaussianOf(features), real));
      const network = inceptionOf(context);
      if (!context.options.intervals)
        return {
          value: noGrad(() => tidy(() => distance(imageFeaturesOf(network, set.generatedRows)))),
        };
      const { generated, data, source } = samplesOf(set, context);
      const n = Math.min(generated.size(0), data.size(0));
      return {
        value: distance(generated),
        floor: distance(data.narrow(0, 0, n)),
        ceiling: source && distance(source),
        n: generated.size(0),
      };
    },
  },
  {
    name: "kid",
    title: "KID",
    group: "endpoints",
    meaning:
      "The squared MMD of generated and held-out images in features of Inception-v3, with a cubic kernel (Bińkowski 2018). It is unbiased for any number of images, and can be negative. Floor: other target images; ceiling: the untransported source.",
    serves: withoutInception,
    lacks: lacksImages,
    prepare: async (context) => inceptionOf(context),
    measure(set, context) {
      const samples = samplesOf(set, context);
      const { generated, data, reserve, source } = samples;
      const distance = (x: Tensor) => kernelInceptionDistance(x, data);
      const whole = {
        value: distance(generated),
        floor: reserve && distance(reserve),
        ceiling: source && distance(source),
      };
      const n = generated.size(0);
      if (!context.options.intervals) return { ...whole, n };
      const compare = (x: Tensor, y: Tensor) => [kernelInceptionDistance(x, y)];
      const [halves] = halvesOf(samples, compare, { context });
      return { ...measurementOf(whole, halves!, { isSquare: true }), n };
    },
  },
];
