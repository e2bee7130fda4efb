// The inner loop: one training step, recorded once and replayed; and the epochs that feed it.
import {
  full,
  type Generator,
  noGrad,
  optim,
  type Recorded,
  rand,
  randn,
  randperm,
  recorded,
  type Tensor,
} from "@dsbm/torch";
import type { Direction } from "./direction.js";
import type { Problem } from "./problem.js";
import type { Network } from "./simulator.js";

export interface StepOptions {
  problem: Required<Problem>;
  direction: Direction;
  network: Network;
  optimizer: optim.Adam;
  ema: optim.EMA | null;
  generator: Generator;
}

/** Mean over the batch of the squared error summed over all other dimensions (reference, Gaussian benchmark). */
export function regressionLoss(prediction: Tensor, target: Tensor): Tensor {
  return prediction.sub(target).square().flatten({ startDim: 1 }).sum(1).mean();
}

/** Times U[eps, 1 − eps], [B]. */
export function drawTimes(n: number, eps: number, generator: Generator, like: Tensor): Tensor {
  return rand([n], { generator, device: like.device, dtype: like.dtype })
    .mul(1 - 2 * eps)
    .add(eps);
}

/**
 * One training step as a recorded function of the rows of a batch: noise, bridge, forward, backward, clipping,
 * optimiser, average. Its results are the loss and the gradient's norm (NaN where nothing is clipped).
 */
export function trainingStep({
  problem,
  direction,
  network,
  optimizer,
  ema,
  generator,
}: StepOptions): Recorded {
  const { method, process, gradClip } = problem;
  const eps = problem.eps ?? method.eps;
  return recorded((...rows: Tensor[]) => {
    const first = rows[0] as Tensor;
    const { x, t, target } = noGrad(() =>
      method.regression(rows, {
        direction,
        process,
        t: drawTimes(first.size(0), eps, generator, first),
        noise: (like) => randn(like.shape, { generator, device: like.device, dtype: like.dtype }),
      }),
    );
    const loss = regressionLoss(network.forward(x, t), target);
    optimizer.zeroGrad();
    loss.backward();
    const norm =
      gradClip === null
        ? full([], Number.NaN)
        : optim.clipGradNorm_(optimizer.parameters, gradClip);
    optimizer.step();
    ema?.update();
    optimizer.zeroGrad();
    return [loss.detach(), norm];
  });
}

/** The rows of an epoch in one random order: batches are cut from them, the incomplete last one is dropped. */
export function shuffleRows(rows: readonly Tensor[], generator: Generator): Tensor[] {
  const first = rows[0] as Tensor;
  const order = randperm(first.size(0), { generator, device: first.device });
  return rows.map((r) => r.indexSelect(0, order));
}

/** Rows [start, start + n) of each tensor, as views. */
export function batchOf(rows: readonly Tensor[], start: number, n: number): Tensor[] {
  return rows.map((r) => r.narrow(0, start, n));
}
