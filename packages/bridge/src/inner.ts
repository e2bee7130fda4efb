// The inner loop: one training step, recorded once and replayed; and the epochs that feed it.
import {
  arange,
  cat,
  full,
  type Generator,
  mseLoss,
  noGrad,
  optim,
  type Recorded,
  rand,
  randn,
  randperm,
  recorded,
  type Tensor,
} from "@dsbm/torch";
import { conditionsIn } from "./conditions.js";
import { conditionKinds } from "./dataset.js";
import type { Direction } from "./direction.js";
import { answer } from "./parametrisation.js";
import type { Problem } from "./problem.js";
import { spread } from "./process.js";
import type { Network } from "./simulator.js";

export interface StepOptions {
  problem: Required<Problem>;
  direction: Direction;
  network: Network;
  optimizer: optim.Adam;
  ema: optim.EMA | null;
  generator: Generator;
}

/**
 * Squared error of a batch [B, …]: summed over all other dimensions and averaged over the batch (`sum`, the
 * reference's Gaussian benchmark), or averaged over all elements (`mean`, its image trainer).
 */
export function regressionLoss(
  prediction: Tensor,
  target: Tensor,
  reduction: "sum" | "mean" = "sum",
): Tensor {
  if (reduction === "mean") return mseLoss(prediction, target);
  // One kernel forward and one back; 2 is libtorch's number for the sum.
  return mseLoss(prediction, target, { reduction: 2 }).div(prediction.size(0));
}

/** Times for a batch: each uniform on [eps, 1 − eps], one in each of B/2 equal strata, and those twice; [B]. */
export function drawTimes(n: number, eps: number, generator: Generator, like: Tensor): Tensor {
  const half = Math.ceil(n / 2);
  const options = { device: like.device, dtype: like.dtype };
  const strata = arange(0, half, options).add(rand([half], { generator, ...options }));
  return twice(strata, strata, n)
    .mul((1 - 2 * eps) / half)
    .add(eps);
}

/**
 * Standard normal noise for a batch, the second half the negative of the first. With `drawTimes` the rows i and
 * i + B/2 share a time, and the noise of their targets (infinite variance as t reaches an end) cancels in the
 * gradient where it is largest; each row alone is distributed as before.
 */
export function drawNoise(like: Tensor, generator: Generator): Tensor {
  const [n, ...rest] = like.shape as [number, ...number[]];
  const z = randn([Math.ceil(n / 2), ...rest], {
    generator,
    device: like.device,
    dtype: like.dtype,
  });
  return twice(z, z.neg(), n);
}

function twice(a: Tensor, b: Tensor, n: number): Tensor {
  const both = cat([a, b]);
  return both.size(0) === n ? both : both.narrow(0, 0, n);
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
  const { method, process, gradClip, parametrisation, reduction } = problem;
  const eps = problem.eps ?? method.eps;
  const kinds = conditionKinds(problem.data);
  return recorded((...rows: Tensor[]) => {
    const first = rows[0] as Tensor;
    const given = conditionsIn(rows, kinds);
    const field = answer({ network, direction, process, parametrisation, given });
    network.train();
    const { x, t, target, weight } = noGrad(() =>
      method.regression(rows, {
        direction,
        process,
        t: drawTimes(first.size(0), eps, generator, first),
        meanMatch: parametrisation.meanMatch,
        noise: (like) => drawNoise(like, generator),
      }),
    );
    const scale = weight ?? (parametrisation.lossScale ? process.scale(direction, t) : null);
    const scaled = (y: Tensor) => (scale ? y.mul(spread(scale, y)) : y);
    const loss = regressionLoss(scaled(field(x, t)), scaled(target), reduction);
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

/** Each row `times` times: [n, …] → [n · times, …], the whole batch after itself. */
export function repeatRows(rows: readonly Tensor[], times: number): Tensor[] {
  if (times === 1) return [...rows];
  return rows.map((r) => r.repeat([times, ...r.shape.slice(1).map(() => 1)]));
}

/** Rows [start, start + n) of each tensor, as views. */
export function batchOf(rows: readonly Tensor[], start: number, n: number): Tensor[] {
  return rows.map((r) => r.narrow(0, start, n));
}
