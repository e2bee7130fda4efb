// The noise of steps along a learnt drift (see `StepVariance`), from batches that it was learnt from.
import {
  type Batch,
  type Direction,
  driftOf,
  measureNoiseShare,
  type Network,
  noiseShareOf,
  type Pairs,
  stream,
} from "@dsbm/bridge";
import { noGrad, randn, type Tensor, tidy } from "@dsbm/torch";
import type { BatchShare } from "../distributed/batch-share.js";
import type { CompleteProblem } from "../problem.js";

/** Vectors that are measured, at least where there are so many. */
const vectors = 4096;

interface Measured {
  /** The network that samples, which gets the shares. */
  sampler: Network;
  /** The last batch of this rank's pairs, and the next ones; null where there are no more. */
  last: Batch;
  next: (count: number) => Batch | null;
  share: BatchShare;
  half: number;
  direction: Direction;
}

/** Of vectors from some batches, as far as there are any. Every rank calls it. */
export function measureStepNoise(
  problem: CompleteProblem,
  { sampler, last, next, share, half, direction }: Measured,
): void {
  const { method: options, process, schedule, execution, data, seed, optimisation } = problem;
  const { method, parametrisation } = options;
  const { part, pairs, among } = share;
  const { device } = data.x0;
  const generator = stream(seed, `noise-share/${half}`, device);
  // Of numbers for the whole batch those of this rank's pairs.
  const noise = ({ shape }: Tensor) =>
    randn([pairs, ...shape.slice(1)], { generator, device }).narrow(0, part.start, part.count);
  const directions: Direction[] = method.networks === "bidirectional" ? ["b", "f"] : [direction];
  const shareOf = (batch: Batch, way: Direction) => {
    const towards = method.rows?.pairsTowards?.(batch, way) ?? (batch as Pairs);
    const dynamics = { method, process, parametrisation, networks: { [way]: sampler } };
    const drift = driftOf(dynamics, { direction: way, grid: schedule.grid, given: towards.given });
    return measureNoiseShare(drift, towards, { direction: way, process, noise });
  };
  const wanted = data.x0.ndim === 2 ? Math.ceil(vectors / optimisation.batchSize) : 1;
  const training = sampler.training;
  sampler.eval();
  const measured = tidy(() => {
    const sums = directions.map((way) => shareOf(last, way));
    let count = 1;
    const more = () =>
      tidy(() => {
        const batch = next(count);
        if (batch) for (const [i, way] of directions.entries()) sums[i]?.add_(shareOf(batch, way));
        return batch !== null;
      });
    while (count < wanted && more()) count++;
    return sums.map((sum) => sum.mul_(part.count / (count * pairs)).keep());
  });
  for (const [i, found] of measured.entries()) {
    if (among > 1) execution.ranks.run("noise of steps", () => execution.ranks.allReduce(found));
    noGrad(() => noiseShareOf(sampler, directions[i] as Direction)?.copy_(found));
    found.dispose();
  }
  sampler.train(training);
}
