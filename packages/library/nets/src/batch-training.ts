// The training of small networks: shuffled batches, AdamW, one recorded step.
import {
  type Generator,
  type nn,
  optim,
  randperm,
  recordCalls,
  type Tensor,
  tidy,
} from "@dsbm/torch";

/** How far a training is. */
export interface BatchProgress {
  step: number;
  steps: number;
  loss: number;
}

/** The batches, the loss and the length of a training. */
export interface BatchTraining {
  /** The tensors of the next batch, of the same shapes each time. */
  batch(): Tensor[];
  /** The loss of a batch, a scalar. */
  loss(...batch: Tensor[]): Tensor;
  steps: number;
  /** Falls linearly to a tenth, every 50 steps. */
  lr: number;
  /** Steps between two yields. */
  every: number;
}

/**
 * Endless random rows of a table of n rows, int64 [batchSize]: shuffled epochs without their last incomplete batch.
 */
export function* shuffledBatches(
  n: number,
  batchSize: number,
  generator: Generator,
): Iterator<Tensor, never> {
  for (;;) {
    // The caller frees its own tensors after each batch.
    using order = randperm(n, { generator }).keep();
    for (let first = 0; first + batchSize <= n; first += batchSize)
      yield order.narrow(0, first, batchSize);
  }
}

/** Trains a network; yields progress. The network is in training mode until the end. */
export function* trainInBatches(
  network: nn.Module,
  { batch, loss, steps, lr, every }: BatchTraining,
): Iterable<BatchProgress> {
  const optimizer = new optim.AdamW(network.parameters(), { lr });
  const step = recordCalls((...inputs: Tensor[]) => {
    const value = loss(...inputs);
    optimizer.zeroGrad();
    value.backward();
    optimizer.step();
    optimizer.zeroGrad();
    return value.detach();
  });
  network.train();
  try {
    for (let i = 1; i <= steps; i++) {
      const reports = i % every === 0 || i === steps;
      const value = tidy(() => {
        const [result] = step(...batch());
        return reports ? (result as Tensor).item() : Number.NaN;
      });
      if (i % 50 === 0) optimizer.lr = lr * (1 - (0.9 * i) / steps);
      if (reports) yield { step: i, steps, loss: value };
    }
  } finally {
    optimizer.dispose();
    network.eval();
  }
}
