// The inner loop: one training step, recorded once and replayed; and the epochs that feed it.

import {
  conditionKinds,
  conditionsIn,
  type Direction,
  mapConditions,
  type Network,
  networkOutput,
  spread,
} from "@dsbm/bridge";
import {
  arange,
  cat,
  type distributed,
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
import { batchShare } from "../distributed/batch-share.js";
import type { Part } from "../distributed/ranks.js";
import type { CompleteProblem } from "../problem.js";
import type { StepTimes } from "./time-sampling.js";

export interface StepOptions {
  problem: CompleteProblem;
  direction: Direction;
  network: Network;
  optimizer: optim.Adam;
  ema: optim.EMA | null;
  generator: Generator;
  /** Spreads the times of the batch as the grid's steps; null: they are uniform. */
  stepTimes?: StepTimes | null;
  /** Averages the gradients over the ranks; null: this process trains alone, or on whole batches as the others do. */
  buckets?: distributed.GradientBuckets | null;
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
 * gradient where it is largest; each row alone is distributed as before. Of the shape of `like`, but `n` rows.
 */
export function drawNoise(like: Tensor, generator: Generator, n = like.size(0)): Tensor {
  const rest = like.shape.slice(1);
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
 * optimiser, average. Its results are the loss and the gradient's norm (NaN where nothing is clipped). With several
 * ranks the rows are this rank's share, behind them stands a tensor [k] of what it has to say, and a third result has
 * the mean of that over the ranks; loss and norm are those of the whole batch.
 */
export function trainingStep({
  problem,
  direction,
  network,
  optimizer,
  ema,
  generator,
  stepTimes = null,
  buckets = null,
}: StepOptions): Recorded {
  const { process } = problem;
  const { method, parametrisation } = problem.method;
  const { batchSize, gradClip, reduction } = problem.optimisation;
  const { accumulate } = problem.execution;
  const eps = problem.schedule.eps ?? method.eps;
  const kinds = conditionKinds(problem.data);
  const share = batchShare(problem);
  const { among } = share;
  return recorded((...inputs: Tensor[]) => {
    const said = buckets ? (inputs.at(-1) as Tensor) : null;
    const rows = buckets ? inputs.slice(0, -1) : inputs;
    const first = rows[0] as Tensor;
    network.train();
    const { x, t, target, weight } = noGrad(() =>
      method.regression(rows, {
        direction,
        process,
        t: share.own(
          stepTimes
            ? stepTimes.of(drawTimes(batchSize, 0, generator, first), eps)
            : drawTimes(batchSize, eps, generator, first),
        ),
        meanMatch: parametrisation.meanMatch,
        noise: (like) => share.own(drawNoise(like, generator, batchSize)),
      }),
    );
    const scale = weight ?? (parametrisation.lossScale ? process.scale(direction, t) : null);
    const given = conditionsIn(rows, kinds);
    const lossOf = ({ start, count }: Part): Tensor => {
      const cut = (y: Tensor) => (count === share.rows ? y : y.narrow(0, start, count));
      const told = mapConditions(given, cut);
      const field = networkOutput({ network, direction, process, parametrisation, given: told });
      const scaled = (y: Tensor) => (scale ? y.mul(spread(cut(scale), y)) : y);
      const prediction = scaled(field(cut(x), cut(t)));
      const loss = regressionLoss(prediction, scaled(cut(target)), reduction);
      // The mean over ranks of the sum over parts is to be the mean over the batch.
      return count * among === batchSize ? loss : loss.mul((count * among) / batchSize);
    };
    optimizer.zeroGrad();
    let total: Tensor | null = null;
    let along: Tensor | null = null;
    for (const { isLast, ...part } of partsOf(share.rows, accumulate)) {
      const loss = lossOf(part);
      total = total ? total.add(loss.detach()) : loss.detach();
      if (isLast && buckets && said) {
        along = cat([total.reshape([1]), said]);
        buckets.average(() => loss.backward(), { along });
      } else loss.backward();
    }
    const norm =
      gradClip === null
        ? full([], Number.NaN)
        : optim.clipGradNorm_(optimizer.parameters, gradClip);
    optimizer.step();
    ema?.update();
    optimizer.zeroGrad();
    if (!along) return [total as Tensor, norm];
    return [along.select(0, 0), norm, along.narrow(0, 1, along.size(0) - 1)];
  });
}

/** Rows cut into `k` parts, or as many as there are rows, whose gradients add up. */
function partsOf(rows: number, k: number): (Part & { isLast: boolean })[] {
  const n = Math.min(k, rows);
  return Array.from({ length: n }, (_, i) => {
    const start = Math.floor((rows * i) / n);
    return { start, count: Math.floor((rows * (i + 1)) / n) - start, isLast: i === n - 1 };
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
