// The training step: loss, gradients, optimiser and average, recorded once for each kind of batch.
import {
  argumentError,
  type Batch,
  type Direction,
  type Field,
  inDType,
  mapBatch,
  mapConditions,
  type Network,
  networkOutput,
  type RecordedBatch,
  recordedBatch,
  spread,
  tensorsOf,
  towards,
} from "@dsbm/bridge";
import { cat, full, type Generator, mseLoss, noGrad, optim, type Tensor } from "@dsbm/torch";
import { batchShare, type Part, partOf, type Ranks } from "../distributed/ranks.js";
import type { CompleteProblem } from "../problem.js";
import { drawNoise, drawTimes } from "./draws.js";
import type { StepTimes } from "./step-times.js";

/** Options of `trainingStep`. */
export interface StepOptions {
  /** The trained networks. */
  problem: CompleteProblem;
  /** The direction in training. */
  direction: Direction;
  /** The network in training. */
  network: Network;
  /** Its optimiser. */
  optimizer: optim.Adam;
  /** The average of its weights. */
  ema: optim.EMA | null;
  /** The stream of times and noise. */
  generator: Generator;
  /** Spreads times as the grid's steps; null: they are uniform. */
  stepTimes?: StepTimes | null;
  /** Processes that share each batch; null: each process trains on whole batches. */
  ranks?: Ranks | null;
}

// libtorch's number for the sum.
const summed = 2;

/** The backward pass starts from the factor, which saves operations. */
interface FactoredLoss {
  loss: Tensor;
  factor: number;
}

const cutTo =
  ({ start, count }: Part) =>
  (y: Tensor): Tensor =>
    y.size(0) === count ? y : y.narrow(0, start, count);

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

/** The random numbers of a step, of this rank's share of the rows, and the weights of its parts. */
interface StepDraws {
  times(): Tensor;
  noise(like: Tensor): Tensor;
  /** The weight of `count` of this rank's `n` rows in the whole batch. */
  weightOf(count: number, n: number): number;
}

function stepDraws({ problem, generator, stepTimes = null }: StepOptions, batch: Batch): StepDraws {
  const { batchSize } = problem.optimisation;
  const eps = problem.schedule.eps ?? problem.method.method.eps;
  const share = batchShare(problem);
  const first = tensorsOf(batch)[0];
  return {
    times: () =>
      share.own(
        stepTimes
          ? stepTimes.of(drawTimes(batchSize, 0, generator, first), eps)
          : drawTimes(batchSize, eps, generator, first),
      ),
    noise: (like) => share.own(drawNoise(like, generator, batchSize)),
    weightOf: (count, n) => Math.fround((count * share.rows * share.among) / (n * batchSize)),
  };
}

/** The loss of part i of k of a batch. */
type PartLoss = (i: number, k: number) => FactoredLoss;

function lossOfParts(options: StepOptions, batch: Batch): PartLoss {
  const draws = stepDraws(options, batch);
  return options.problem.method.method.loss
    ? methodLoss(options, batch, draws)
    : regressionLoss(options, batch, draws);
}

/** The method's own loss. */
function methodLoss(
  { problem, direction, network }: StepOptions,
  batch: Batch,
  { times, noise, weightOf }: StepDraws,
): PartLoss {
  const { process } = problem;
  const { method, parametrisation } = problem.method;
  const { meanMatch } = parametrisation;
  const { rows } = batchShare(problem);
  const t = noGrad(times);
  return (i, k) => {
    const part = partOf(rows, i, k);
    const cut = cutTo(part);
    const loss = method.loss!(mapBatch(batch, cut), {
      direction,
      process,
      meanMatch,
      network,
      t: cut(t),
      noise: (like) => cut(noise(like)),
    });
    return { loss, factor: weightOf(part.count, rows) };
  };
}

/** The squared error of a regression. */
function regressionLoss(
  { problem, direction, network }: StepOptions,
  batch: Batch,
  { times, noise, weightOf }: StepDraws,
): PartLoss {
  const { process } = problem;
  const { method, parametrisation } = problem.method;
  const { meanMatch } = parametrisation;
  const context = { direction, process, meanMatch, network, noise };
  const regression = noGrad(() => method.regression!(batch, { ...context, t: times() }));
  return (i, k) => {
    const n = regression.x.size(0);
    const part = partOf(n, i, k);
    const cut = cutTo(part);
    const scale =
      regression.weight ??
      (parametrisation.lossScale ? process.scale(direction, regression.t) : null);
    const scaled = (y: Tensor) => (scale ? y.mul(spread(cut(scale), y)) : y);
    const output = networkOutput({
      network: towards(direction, network, method),
      direction,
      process,
      parametrisation,
      conditions: mapConditions(batch.conditions, cut),
    });
    const prediction = predict(output, cut(regression.x), cut(regression.t), direction);
    const target = scaled(cut(regression.target));
    const isMean = problem.optimisation.reduction === "mean";
    const count = isMean ? prediction.numel : prediction.size(0);
    // Rounded as a product of tensors.
    const factor = Math.fround(weightOf(part.count, n) * Math.fround(1 / count));
    return { loss: mseLoss(scaled(prediction), target, { reduction: summed }), factor };
  };
}

function predict(output: Field, x: Tensor, t: Tensor, direction: Direction): Tensor {
  const y = output(x, t);
  if (`${y.shape}` === `${x.shape}`) return y;
  throw argumentError(
    `the network of direction ${direction} gives [${y.shape.slice(1).join(", ")}] for samples of shape [${x.shape.slice(1).join(", ")}]: build it for this shape`,
  );
}
