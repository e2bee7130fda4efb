// A small classifier: the judge of what a bridge makes. It never sees the bridge's samples in training.
import {
  crossEntropyLoss,
  type Generator,
  nn,
  noGrad,
  optim,
  randperm,
  recorded,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import { BridgeError } from "../errors.js";
import { MLP } from "./mlp.js";

/** An MLP from flattened samples [n, …] to logits [n, classes]; parameters `net.layers.0.weight`, … */
export class Classifier extends nn.Module {
  net: MLP;
  constructor(
    inputs: number,
    {
      classes = 10,
      hidden = [256, 128],
      generator,
    }: { classes?: number; hidden?: readonly number[]; generator?: Generator } = {},
  ) {
    super();
    this.net = new MLP(inputs, [...hidden, classes], { generator });
  }
  forward(x: Tensor): Tensor {
    return this.net.forward(x.flatten({ startDim: 1 }));
  }
}

/** The most likely class of each sample [n, …]: int64 [n]. */
export function classify(classifier: Classifier, x: Tensor): Tensor {
  return noGrad(() => tidy(() => classifier.forward(x).argmax({ dim: 1 })));
}

/** The part of samples [n, …] taken for `label`, between 0 and 1. */
export function shareOf(classifier: Classifier, x: Tensor, label: number): number {
  return tidy(() => classify(classifier, x).eq(label).to("float32").mean().item());
}

export interface ClassifierTraining {
  /** Samples [n, …]. */
  x: Tensor;
  /** Classes, int64 [n]. */
  labels: Tensor;
  generator: Generator;
  epochs?: number;
  batchSize?: number;
  /** Falls linearly to a tenth of itself. */
  lr?: number;
  /** Steps between two yields. */
  every?: number;
}

/**
 * Trains on cross-entropy with AdamW, in shuffled epochs whose incomplete last batch is dropped; yields
 * progress, and the caller goes on or stops. Throws a BridgeError where labels and samples do not match,
 * or where there are fewer samples than a batch holds.
 */
export function* trainClassifier(
  classifier: Classifier,
  { x, labels, generator, epochs = 3, batchSize = 128, lr = 2e-3, every = 50 }: ClassifierTraining,
): Iterable<{ step: number; steps: number; loss: number }> {
  const n = x.size(0);
  if (labels.shape.length !== 1 || labels.size(0) !== n || n < batchSize)
    throw new BridgeError(
      "data",
      `${n} samples with labels [${labels.shape}] in batches of ${batchSize}; expected one label a sample and at least one batch`,
    );
  const optimizer = new optim.AdamW(classifier.parameters(), { lr });
  const step = recorded((batch: Tensor, classes: Tensor) => {
    const loss = crossEntropyLoss(classifier.forward(batch), classes);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    return loss.detach();
  });
  const perEpoch = Math.floor(n / batchSize);
  const steps = epochs * perEpoch;
  try {
    for (let epoch = 0, i = 0; epoch < epochs; epoch++) {
      using order = randperm(n, { generator });
      for (let k = 0; k < perEpoch; k++) {
        i++;
        const told = i % every === 0 || i === steps;
        const loss = tidy(() => {
          const rows = order.narrow(0, k * batchSize, batchSize);
          const [value] = step(x.indexSelect(0, rows), labels.indexSelect(0, rows));
          return told ? (value as Tensor).item() : Number.NaN;
        });
        if (!told) continue;
        optimizer.lr = lr * (1 - (0.9 * i) / steps);
        yield { step: i, steps, loss };
      }
    }
  } finally {
    optimizer.dispose();
  }
}
