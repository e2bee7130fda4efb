import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { datasets, loadTable, positionsOf, type Split } from "@dsbm/data";
import type { Datasets, EndpointData } from "@dsbm/datasets";
import { sha256, sha256OfFile, writeFileAtomic } from "@dsbm/files";
import {
  accuracyOf,
  classify,
  encodeLeNet,
  LeNet,
  type LeNetFacts,
  lenetTraining,
  loadLeNet,
  trainClassifier,
} from "@dsbm/nets";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { MeasureOptions } from "../metric.js";

/** A trained classifier of images, and what it was trained on. */
export interface ReferenceClassifier {
  model: LeNet;
  facts: LeNetFacts;
}

/** One seed, so that all runs have the same classifier. */
const classifierSeed = 0;
const leastSteps = 500;

/** The dataset of all classes that a source or target is a part of; null without classes. */
function datasetWithClasses(end: Pick<EndpointData, "name">): string | null {
  const base = end.name.replace(/(_\d+)+$/, "");
  // Squares and circles are one class each of this dataset.
  const whole = base.startsWith("synthetic_") ? "synthetic_shapes" : base;
  return (datasets[whole]?.classes?.length ?? 0) > 1 ? whole : null;
}

/**
 * Returns the classifier of a dataset, and trains it if this experiments folder has none (about a
 * minute for MNIST on two cores). Returns null if the data have no classes, or when stopped.
 */
export async function referenceClassifier(
  { projection, shape }: Pick<Datasets, "projection" | "shape">,
  end: EndpointData,
  config: CompleteTrainConfig,
  options: Pick<MeasureOptions, "progress" | "signal">,
): Promise<ReferenceClassifier | null> {
  const dataset = datasetWithClasses(end);
  if (dataset === null) return null;
  const [channels, size] = projection?.shape ?? shape;
  const { experiments_dir_name, data_dir_name } = config.paths;
  const file = `${dataset}-${channels}x${size}.safetensors`;
  const path = join(experiments_dir_name, "classifiers", file);
  const checksum = `${path}.sha256`;
  if (existsSync(path)) {
    if (existsSync(checksum) && readFileSync(checksum, "utf8").startsWith(sha256OfFile(path)))
      return loadLeNet(path);
    options.progress.line(`${path} does not match its .sha256: the classifier is trained again`);
  }
  const images = { channels, size, directory: data_dir_name };
  const classifier = await trainReference(dataset, images, options);
  if (!classifier) return null;
  const bytes = encodeLeNet(classifier.model, classifier.facts);
  writeFileAtomic(checksum, `${sha256(bytes)}  ${file}\n`);
  writeFileAtomic(path, bytes);
  const percent = (100 * classifier.facts.accuracy).toFixed(1);
  options.progress.line(`classifier of ${dataset}: ${percent} % of the test split correct`);
  return classifier;
}

/** Trains the classifier of a dataset. Returns null if it was stopped. */
async function trainReference(
  dataset: string,
  { channels, size, directory }: { channels: number; size: number; directory: string },
  { progress, signal }: Pick<MeasureOptions, "progress" | "signal">,
): Promise<ReferenceClassifier | null> {
  const table = (split: Split) =>
    loadTable(dataset, { split, end: "x0", image_size: size, seed: classifierSeed, directory });
  const train = table("train");
  const test = table("test");
  const labels = train.classes.map(({ label }) => label);
  const index = (of: Tensor) => positionsOf(of, labels);
  const targets = index(train.labels as Tensor).keep();
  const model = new LeNet({
    channels,
    classes: labels.length,
    generator: stream(classifierSeed, "classifier/init"),
  });
  const leastEpochs = Math.ceil((leastSteps * lenetTraining.batchSize) / train.x.size(0));
  try {
    for (const { step, steps, loss } of trainClassifier(model, {
      x: train.x,
      labels: targets,
      generator: stream(classifierSeed, "classifier/train"),
      ...lenetTraining,
      epochs: Math.max(lenetTraining.epochs, leastEpochs),
    })) {
      progress.update({ label: `classifier of ${dataset}`, step, steps, loss });
      await new Promise(setImmediate);
      if (signal?.aborted) {
        model.dispose();
        return null;
      }
    }
    model.eval();
    const accuracy = tidy(() => accuracyOf(model, test.x, index(test.labels as Tensor)));
    return { model, facts: { dataset, labels, accuracy, seed: classifierSeed } };
  } finally {
    for (const t of [targets, train.x, train.labels, test.x, test.labels]) t?.dispose();
  }
}

/**
 * The share of images [n, C, H, W] classified as a class of this dataset; null if the dataset has all classes.
 */
export function shareOfClasses(
  { model, facts }: ReferenceClassifier,
  images: Tensor,
  end: EndpointData,
): number | null {
  const indexes = end.classes.map(({ label }) => facts.labels.indexOf(label));
  if (indexes.length === facts.labels.length) return null;
  return noGrad(() =>
    tidy(() => {
      const classes = classify(model, images);
      const hits = indexes.map((k) => classes.eq(k).to("float32").mean().item());
      return hits.reduce((a, b) => a + b, 0);
    }),
  );
}
