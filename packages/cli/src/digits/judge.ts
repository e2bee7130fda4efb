// The judge: a classifier of all ten digits, trained on pixels in the same job and asked what a result shows.

import { stream } from "@dsbm/bridge";
import { Classifier, classify, trainClassifier } from "@dsbm/nets";
import { setNumThreads, type Tensor, tensor, tidy } from "@dsbm/torch";
import type { Progress } from "../terminal/progress.js";
import type { StartConfig } from "./config.js";
import { type DigitData, pixelsOf } from "./data.js";

export interface Judge {
  classifier: Classifier;
  /** Part of the test split that it names rightly. */
  accuracy: number;
}

/** Trains the judge; null when the signal stopped it. */
export async function trainJudge(
  { mnist, test }: Pick<DigitData, "mnist" | "test">,
  { seed, classifier_epochs }: Pick<StartConfig, "seed" | "classifier_epochs">,
  { progress, signal }: { progress: Progress; signal?: AbortSignal | undefined },
): Promise<Judge | null> {
  setNumThreads(1); // its layers are too small to share
  const classifier = new Classifier(mnist.rows * mnist.cols, {
    generator: stream(seed, "classifier/weights"),
  });
  using x = pixelsOf(mnist).keep();
  using labels = classesOf(mnist.labels).keep();
  const began = performance.now();
  for (const { step, steps, loss } of trainClassifier(classifier, {
    x,
    labels,
    generator: stream(seed, "classifier/shuffle"),
    epochs: classifier_epochs,
  })) {
    const rate = (1000 * step) / (performance.now() - began);
    progress.update({ label: "classifier", step, steps, rate, loss });
    await new Promise(setImmediate); // signals and timers get their turn
    if (signal?.aborted) {
      classifier.dispose();
      return null;
    }
  }
  const accuracy = tidy(() =>
    classify(classifier, pixelsOf(test)).eq(classesOf(test.labels)).to("float32").mean().item(),
  );
  return { classifier, accuracy };
}

function classesOf(labels: Uint8Array): Tensor {
  return tensor(BigInt64Array.from(labels, BigInt));
}
