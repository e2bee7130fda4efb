// The noise of steps along a learnt drift (see `StepVariance`), measured on training batches.
import {
  type Batch,
  type Direction,
  driftOf,
  mapBatch,
  measureNoiseShare,
  type Network,
  noiseShareOf,
  onCells,
  type Pairs,
  stream,
  tensorsOf,
} from "@dsbm/bridge";
import { noGrad, randn, type Tensor, tidy } from "@dsbm/torch";
import { batchShare } from "../distributed/ranks.js";
import type { CompleteProblem } from "../problem.js";

const noiseBlockRows = 4096;

/** Measures the noise of simulated steps after a half-iteration, if the problem asks for it. */
export class StepNoise {
  readonly #problem: CompleteProblem;
  readonly #half: number;
  readonly #direction: Direction;
  #last: Batch | null = null;

  constructor(problem: CompleteProblem, half: number, direction: Direction) {
    this.#problem = problem;
    this.#half = half;
    this.#direction = direction;
  }

  /** Copies the batch of the last step for `measure`. */
  keep(batch: Batch): void {
    if (this.#problem.method.stepVariance !== "analytic") return;
    this.dispose();
    this.#last = mapBatch(batch, (t) => t.detach().clone().keep());
  }

  /**
   * Sets the noise of `sampler` from the batch of the last step and further ones: `next` returns null if there are no
   * more. Every rank calls it. Returns false if nothing is measured.
   */
  measure(sampler: Network, next: (count: number) => Batch | null): boolean {
    const last = this.#last;
    if (!last) return false;
    const { ranks } = this.#problem.execution;
    const { method } = this.#problem.method;
    const directions: Direction[] =
      method.networks === "bidirectional" ? ["b", "f"] : [this.#direction];
    const training = sampler.training;
    sampler.eval();
    const shares = this.#sharesOf(sampler, directions, last, next);
    for (const [i, share] of shares.entries()) {
      if (batchShare(this.#problem).among > 1)
        ranks.run("noise of steps", () => ranks.allReduce(share));
      noGrad(() => noiseShareOf(sampler, directions[i])?.copy_(share));
      share.dispose();
    }
    sampler.train(training);
    this.dispose();
    return true;
  }

  #sharesOf(
    sampler: Network,
    directions: readonly Direction[],
    last: Batch,
    next: (count: number) => Batch | null,
  ): Tensor[] {
    const { method: options, process, schedule, data, seed, optimisation } = this.#problem;
    const { method, parametrisation } = options;
    const { part, pairs } = batchShare(this.#problem);
    const { device } = data.x0;
    const generator = stream(seed, `noise-share/${this.#half}`, device);
    const noise = ({ shape }: Tensor) =>
      onCells(
        process,
        randn([pairs, ...shape.slice(1)], { generator, device }).narrow(0, part.start, part.count),
      );
    const shareOf = (batch: Batch, direction: Direction) => {
      const towards = method.rows?.pairsTowards?.(batch, direction) ?? (batch as Pairs);
      const dynamics = { method, process, parametrisation, networks: { [direction]: sampler } };
      const { grid } = schedule;
      const drift = driftOf(dynamics, { direction, grid, conditions: towards.conditions });
      return measureNoiseShare(drift, towards, { direction, process, noise });
    };
    const most = data.x0.ndim === 2 ? Math.ceil(noiseBlockRows / optimisation.batchSize) : 1;
    return tidy(() => {
      const sums = directions.map((direction) => shareOf(last, direction));
      let count = 1;
      const addNext = () =>
        tidy(() => {
          const batch = next(count);
          if (batch)
            for (const [i, direction] of directions.entries())
              sums[i]?.add_(shareOf(batch, direction));
          return batch !== null;
        });
      while (count < most && addNext()) count++;
      return sums.map((sum) =>
        sum.mul_(part.count / (count * pairs * (process.cells?.share ?? 1))).keep(),
      );
    });
  }

  dispose(): void {
    for (const t of this.#last ? tensorsOf(this.#last) : []) t.dispose();
    this.#last = null;
  }
}
