// The training step: gradients, optimiser and average, recorded once for each kind of batch.
import { inDType, type RecordedBatch, recordedBatch } from "@dsbm/bridge";
import { cat, full, optim, type Tensor } from "@dsbm/torch";
import { batchShare, type Ranks } from "../distributed/ranks.js";
import { type LossOptions, lossOfParts } from "./loss.js";

/** Options of `trainingStep`. */
export interface StepOptions extends LossOptions {
  /** The optimiser of the network. */
  optimizer: optim.Adam;
  /** The average of the network's weights. */
  ema: optim.EMA | null;
  /** Processes that share each batch; null: each process trains on whole batches. */
  ranks?: Ranks | null;
}

/**
 * The step of a batch; its results are the loss and the gradient's norm (NaN without clipping). With ranks the
 * batch is this rank's share, and the mean over the ranks of a tensor [k] that travels with the gradients is a third
 * result.
 */
export function trainingStep(options: StepOptions): RecordedBatch {
  const { problem, network, optimizer, ema, ranks = null } = options;
  const { gradClip } = problem.optimisation;
  const { accumulate } = problem.execution;
  const rows = batchShare(problem).rows;
  return recordedBatch((batch, sent) => {
    network.train();
    const lossOf = lossOfParts(options, batch);
    optimizer.zeroGrad();
    let total: Tensor | null = null;
    let along: Tensor | null = null;
    const parts = Math.min(accumulate, rows);
    for (let i = 0; i < parts; i++) {
      const { loss, factor } = inDType(problem.execution.dtype, [network], () => lossOf(i, parts));
      const value = loss.detach().mul(factor);
      total = total ? total.add(value) : value;
      loss.backward({ gradient: full([], factor, { dtype: loss.dtype, device: loss.device }) });
    }
    if (ranks && sent) {
      along = cat([total!.reshape([1]), sent]);
      const gradients = optimizer.parameters.flatMap(({ grad }) => grad ?? []);
      ranks.average(gradients, along);
    }
    const norm =
      gradClip === null
        ? full([], Number.NaN)
        : optim.clipGradNorm_(optimizer.parameters, gradClip);
    optimizer.step(ema);
    optimizer.zeroGrad();
    if (!along) return [total!, norm];
    return [along.select(0, 0), norm, along.narrow(0, 1, along.size(0) - 1)];
  });
}
