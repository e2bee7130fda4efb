import { frechetDistance, gaussianOf } from "@dsbm/bridge";
import { type EndpointData, gaussianName, isVectors, reconstructionError } from "@dsbm/datasets";
import { lenetFeatures } from "@dsbm/nets";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import { linearExcess } from "../bounds/excess.js";
import { halvesOf } from "../bounds/halves.js";
import { measurementOf } from "../bounds/measurement.js";
import { statisticsOf } from "../images/feature-statistics.js";
import { meanNearestDistance } from "../images/nearest-training.js";
import {
  type ReferenceClassifier,
  referenceClassifier,
  shareOfClasses,
} from "../images/reference-classifier.js";
import type { Measurement, MeasurementContext, Metric, MetricData, SampleSet } from "../metric.js";

type Side = SampleSet["target"];

const imagesOf = ({ shown }: EndpointData, x: Tensor): Tensor => {
  const here = x.to({ device: "cpu" });
  return x.shape.length === 2 && shown ? shown(here) : here;
};

const classifierOf = (
  context: MeasurementContext,
  side: Side,
): Promise<ReferenceClassifier | null> =>
  context.once(`classifier/${side}`, async () => {
    const { datasets, trained } = context.subject;
    const end = datasets[side];
    if (end.name === gaussianName) return null;
    const reference = await referenceClassifier(datasets, end, trained.config, context.options);
    if (reference) context.keep({ [Symbol.dispose]: () => reference.model.dispose() });
    return reference;
  });

const byClassifier =
  (
    measure: (
      reference: { classifier: ReferenceClassifier; target: EndpointData },
      set: SampleSet,
      context: MeasurementContext,
    ) => Measurement,
  ) =>
  async (set: SampleSet, context: MeasurementContext): Promise<Measurement | string> => {
    const classifier = await classifierOf(context, set.target);
    if (!classifier) return "the data have no classes";
    return measure({ classifier, target: context.subject.datasets[set.target] }, set, context);
  };

const prepareClassifiers = async (context: MeasurementContext): Promise<void> => {
  for (const side of ["x1", "x0"] as const) await classifierOf(context, side);
};

function ofClasses({ datasets, config }: MetricData): string | null {
  if (!config.metrics.judge) return "metrics.judge=false";
  const isLabelled = datasets.x0.classes.length + datasets.x1.classes.length > 0;
  const isImage = !isVectors(datasets) || datasets.projection !== null;
  return isLabelled && isImage ? null : "the data have no classes";
}

const lacksData = (
  { subject: { datasets } }: MeasurementContext,
  { target }: Pick<SampleSet, "target">,
) => (datasets[target].name === gaussianName ? "the target is noise" : null);

/** Images whose nearest training images are searched. */
const mostCompared = 128;

/** Metrics of images that need a classifier, a feature network or an autoencoder. */
export const imageMetrics: readonly Metric[] = [
  {
    name: "reconstruction",
    title: "reconstruction error",
    group: "endpoints",
    meaning:
      "The root mean square error of held-out target images that go through the autoencoder alone: what no bridge between its latent maps can mend. Ceiling: their deviation from the mean image.",
    serves: ({ config }) => (config.data.latent === null ? "it needs data.latent" : null),
    measure({ targetRows }, { subject: { bridge } }) {
      if (!bridge.encoding) return "it needs an autoencoder";
      const { error, deviation } = reconstructionError(bridge.encoding, targetRows);
      return { value: error, floor: 0, ceiling: deviation };
    },
  },
  {
    name: "nearest_training",
    title: "distance to the nearest training image",
    group: "endpoints",
    meaning:
      "The mean root mean square distance of generated images to their nearest training images of the target: at most 128 images, and the first 134 million values of the training images. Floor: held-out target images. Far below the floor, the bridge copies training images; blurred images are also closer.",
    better: "higher",
    onRequest: true,
    serves: (data) =>
      isVectors(data.datasets) || data.datasets.channels ? "it needs images" : null,
    lacks: lacksData,
    measure({ target, generatedRows, targetRows }, { subject }) {
      const distance = (x: Tensor) =>
        meanNearestDistance(
          x.narrow(0, 0, Math.min(mostCompared, x.size(0))),
          subject.datasets[target],
        );
      return { value: distance(generatedRows), floor: distance(targetRows) };
    },
  },
  {
    name: "share",
    title: "share of the target's classes",
    group: "endpoints",
    meaning:
      "The share of generated images that a small classifier, trained on the data, assigns to the target's classes. Floor: held-out data; ceiling: the untransported source.",
    better: "higher",
    columns: { value: "share", floor: "data_share" },
    scale: "percent",
    serves: ofClasses,
    lacks: lacksData,
    prepare: prepareClassifiers,
    measure: byClassifier(({ classifier, target }, { sourceRows, generatedRows, targetRows }) => {
      const [value, floor, ceiling] = [generatedRows, targetRows, sourceRows].map((x) =>
        tidy(() => shareOfClasses(classifier, imagesOf(target, x), target)),
      ) as [number, number, number];
      const n = Math.min(generatedRows.size(0), targetRows.size(0));
      // 1/n: the variance of a share of 0 or 1 is not 0.
      const variance = (value * (1 - value) + floor * (1 - floor) + 1 / n) / n;
      const missed = { value: -value, floor: -floor, ceiling: -ceiling };
      return { value, floor, ceiling, excess: linearExcess(missed, Math.sqrt(variance)) };
    }),
  },
  {
    name: "fid_lenet",
    title: "Fréchet distance (small classifier)",
    group: "endpoints",
    meaning:
      "The Fréchet distance to the training data in features of a small classifier. It is not an FID. Floor: held-out data; ceiling: the untransported source.",
    columns: { value: "fid_lenet", floor: "data_fid_lenet" },
    scale: "log",
    serves: ofClasses,
    lacks: lacksData,
    prepare: prepareClassifiers,
    measure: byClassifier(
      ({ classifier, target }, { target: side, sourceRows, generatedRows }, context) => {
        const extractor = lenetFeatures(classifier.model);
        const { intervals } = context.options;
        return noGrad(() =>
          tidy(() => {
            const real = context.once(`lenet/${side}`, () =>
              statisticsOf(context, extractor, imagesOf(target, target.train)),
            );
            const features = (x: Tensor) => extractor.features(imagesOf(target, x));
            const distance = (x: Tensor) => frechetDistance(gaussianOf(x), real);
            const generated = features(generatedRows);
            const data = features(target.test);
            const value = distance(generated);
            const floor = context.once(`lenet/floor/${side}`, () => distance(data));
            if (!intervals) return { value, floor };
            const source = features(sourceRows);
            const ceiling = distance(source);
            const halves = halvesOf(
              { generated, data, reserve: data, source },
              (x) => [distance(x)],
              { context },
            )[0];
            // Fewer images have a larger distance.
            const few = distance(data.narrow(0, 0, Math.min(generated.size(0), data.size(0))));
            const whole = { value, floor: few, ceiling };
            return { ...measurementOf(whole, halves, { isSquare: true, least: 0 }), floor };
          }),
        );
      },
    ),
  },
];
