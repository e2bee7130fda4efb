import { dataError, inBatches } from "@dsbm/bridge";
import {
  cat,
  crossEntropyLoss,
  type Generator,
  type nn,
  noGrad,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import { type BatchProgress, shuffledBatches, trainInBatches } from "../batch-training.js";

/** The most likely class of each sample [n, …]: int64 [n]. */
export function classify(
  classifier: nn.Module,
  x: Tensor,
  { batchSize = 1000 }: { batchSize?: number } = {},
): Tensor {
  const guess = (rows: Tensor) => classifier.forward(rows).argmax({ dim: 1 });
  return noGrad(() => tidy(() => cat(inBatches(x, batchSize, guess))));
}

/** The share of samples [n, …] with the class of their label, int64 [n]. */
export function accuracyOf(classifier: nn.Module, x: Tensor, labels: Tensor): number {
  return tidy(() => classify(classifier, x).eq(labels).to("float32").mean().item());
}

/** Data and length of the training of a classifier. */
export interface ClassifierTraining {
  /** Samples [n, …] as the classifier takes them; a LeNet takes bytes. */
  x: Tensor;
  /** Labels [n], int64. */
  labels: Tensor;
  /** Draws the order of samples. */
  generator: Generator;
  epochs?: number;
  batchSize?: number;
  /** Falls linearly to a tenth, every 50 steps. */
  lr?: number;
  /** Steps between two yields. */
  every?: number;
}

/**
 * Trains logits [n, classes] by cross-entropy and AdamW, in shuffled epochs without their last incomplete batch; yields
 * progress.
 * @throws {BridgeError} if labels and samples do not match or do not fill a batch.
 */
export function* trainClassifier(
  classifier: nn.Module,
  { x, labels, generator, epochs = 3, batchSize = 128, lr = 2e-3, every = 50 }: ClassifierTraining,
): Iterable<BatchProgress> {
  const n = x.size(0);
  if (labels.shape.length !== 1 || labels.size(0) !== n || n < batchSize)
    throw dataError(
      `${n} samples with labels [${labels.shape}] in batches of ${batchSize}; expected one label a sample and at least one batch`,
    );
  const perEpoch = Math.floor(n / batchSize);
  const order = shuffledBatches(n, batchSize, generator);
  yield* trainInBatches(classifier, {
    batch() {
      const rows = order.next().value;
      return [x.indexSelect(0, rows), labels.indexSelect(0, rows)];
    },
    loss: (batch, classes) => crossEntropyLoss(classifier.forward(batch), classes),
    steps: epochs * perEpoch,
    lr,
    every,
  });
}
