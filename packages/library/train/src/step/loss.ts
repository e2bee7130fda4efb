// The loss of a training step, in parts of a batch.
import {
  argumentError,
  asColumn,
  type Batch,
  type Direction,
  drawWindows,
  type Field,
  mapBatch,
  mapConditions,
  type Network,
  networkOutput,
  onCells,
  partsAt,
  type StepContext,
  tensorsOf,
  withDirection,
} from "@dsbm/bridge";
import { type Generator, mseLoss, noGrad, type Tensor } from "@dsbm/torch";
import { batchShare, type RowRange, rowRangeOf } from "../distributed/ranks.js";
import type { CompleteProblem } from "../problem.js";
import { drawNoise, drawTimes } from "./draws.js";
import type { StepTimes } from "./step-times.js";

/** What the loss of a batch needs. */
export interface LossOptions {
  /** Data, process, method and optimisation. */
  problem: CompleteProblem;
  /** The direction in training. */
  direction: Direction;
  /** The network in training. */
  network: Network;
  /** The stream of times and noise. */
  generator: Generator;
  /** Spreads times as the grid's steps; null: they are uniform. */
  stepTimes?: StepTimes | null;
}

// libtorch's number for the sum.
const sumReduction = 2;

/** The backward pass starts from the factor, which saves operations. */
interface FactoredLoss {
  loss: Tensor;
  factor: number;
}

const cutTo =
  ({ start, count }: RowRange) =>
  (y: Tensor): Tensor =>
    y.size(0) === count ? y : y.narrow(0, start, count);

/** The random numbers of a step, of this rank's share of the rows, and the weights of its parts. */
interface StepDraws {
  times(): Tensor;
  noise(like: Tensor): Tensor;
  drawEvery: NonNullable<StepContext["drawEvery"]>;
  /** The weight of `count` of this rank's `n` rows in the whole batch. */
  weightOf(count: number, n: number): number;
}

function stepDraws({ problem, generator, stepTimes = null }: LossOptions, batch: Batch): StepDraws {
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
    noise: (like) => onCells(problem.process, share.own(drawNoise(like, generator, batchSize))),
    drawEvery(k) {
      const rows = share.every(k, first.device);
      const numbers = share.own(
        drawNoise(first.flatten({ startDim: 1 }).select(1, 0), generator, batchSize),
      );
      return { rows, numbers: numbers.indexSelect(0, rows) };
    },
    weightOf: (count, n) => Math.fround((count * share.rows * share.among) / (n * batchSize)),
  };
}

/** The loss of part i of k of a batch. */
export type PartLoss = (i: number, k: number) => FactoredLoss;

/**
 * The losses of a batch's parts, scalars: the method's own loss, or the squared error of its regression. Times of the whole
 * batch are drawn at once.
 */
export function lossOfParts(given: LossOptions, whole: Batch): PartLoss {
  const batch = noGrad(() => inWindows(given, whole));
  const options = { ...given, problem: onBatch(given.problem, batch) };
  const draws = stepDraws(options, batch);
  return options.problem.method.method.loss
    ? methodLoss(options, batch, draws)
    : regressionLoss(options, batch, draws);
}

/** Each row's random part of its field, with the place of the part; the batch itself without `crop`. */
function inWindows({ problem, generator }: LossOptions, batch: Batch): Batch {
  const { crop, batchSize } = problem.optimisation;
  if (crop === null) return batch;
  const [, , height, width] = tensorsOf(batch)[0]!.shape as [number, number, number, number];
  const { device } = tensorsOf(batch)[0]!;
  const size = [height, width] as const;
  const window = batchShare(problem).own(drawWindows(batchSize, crop, { size, generator, device }));
  const parts = mapBatch(batch, (t) => (t.ndim === 4 ? partsAt(t, window, crop) : t));
  return { ...parts, conditions: { ...parts.conditions, window } };
}

/** The problem with the moving cells of the parts of a batch. */
function onBatch(problem: CompleteProblem, { conditions }: Batch): CompleteProblem {
  const { process, optimisation } = problem;
  const { crop } = optimisation;
  if (!process.cells || !conditions?.window || crop === null) return problem;
  const mask = partsAt(process.cells.mask, conditions.window, crop);
  return { ...problem, process: { ...process, cells: { ...process.cells, mask } } };
}

/** The method's own loss. */
function methodLoss(
  { problem, direction, network }: LossOptions,
  batch: Batch,
  { times, noise, weightOf }: StepDraws,
): PartLoss {
  const { process } = problem;
  const { method, parametrisation } = problem.method;
  const { meanMatch } = parametrisation;
  const { rows } = batchShare(problem);
  const t = noGrad(times);
  return (i, k) => {
    const part = rowRangeOf(rows, i, k);
    const cut = cutTo(part);
    const loss = method.loss!(mapBatch(batch, cut), {
      direction,
      process: { ...process, cells: cutCells(process, cut) },
      meanMatch,
      network,
      t: cut(t),
      noise: (like) => cut(noise(like)),
    });
    // The method takes the mean over all cells, and only moving cells count.
    const share = process.cells?.share ?? 1;
    return { loss, factor: weightOf(part.count, rows) / share };
  };
}

/** The squared error of a regression. */
function regressionLoss(
  { problem, direction, network }: LossOptions,
  batch: Batch,
  { times, noise, drawEvery, weightOf }: StepDraws,
): PartLoss {
  const { process } = problem;
  const { method, parametrisation } = problem.method;
  const { meanMatch } = parametrisation;
  const context = { direction, process, meanMatch, network, noise, drawEvery };
  const regression = noGrad(() => method.regression!(batch, { ...context, t: times() }));
  return (i, k) => {
    const n = regression.x.size(0);
    const part = rowRangeOf(n, i, k);
    const cut = cutTo(part);
    const scale =
      regression.weight ??
      (parametrisation.lossScale ? process.scale(direction, regression.t) : null);
    const scaled = (y: Tensor) => (scale ? y.mul(asColumn(cut(scale), y)) : y);
    const output = networkOutput({
      network: withDirection(direction, network, method),
      direction,
      process,
      parametrisation,
      conditions: {
        ...mapConditions(batch.conditions, cut),
        ...(regression.step && { step: cut(regression.step) }),
      },
    });
    const all = predict(output, cut(regression.x), cut(regression.t), direction);
    const cells = cutCells(process, cut);
    const [prediction, target] = [all, cut(regression.target)].map((y) =>
      scaled(onCells({ cells }, y)),
    ) as [Tensor, Tensor];
    const isMean = problem.optimisation.reduction === "mean";
    const count = isMean ? prediction.numel * (process.cells?.share ?? 1) : prediction.size(0);
    // Rounded as a product of tensors.
    const factor = Math.fround(weightOf(part.count, n) * Math.fround(1 / count));
    return { loss: mseLoss(prediction, target, { reduction: sumReduction }), factor };
  };
}

/** Moving cells of a part of a batch; a mask of all rows stays as it is. */
const cutCells = (
  { cells }: Pick<CompleteProblem["process"], "cells">,
  cut: (y: Tensor) => Tensor,
): CompleteProblem["process"]["cells"] =>
  cells && { ...cells, mask: cells.mask.size(0) === 1 ? cells.mask : cut(cells.mask) };

function predict(output: Field, x: Tensor, t: Tensor, direction: Direction): Tensor {
  const y = output(x, t);
  if (`${y.shape}` === `${x.shape}`) return y;
  throw argumentError(
    `the network of direction ${direction} gives [${y.shape.slice(1).join(", ")}] for samples of shape [${x.shape.slice(1).join(", ")}]: build it for this shape`,
  );
}
