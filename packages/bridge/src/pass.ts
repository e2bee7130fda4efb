// One half-iteration while it runs: its optimiser, random streams, source of rows and recorded step, and all
// that is needed to put it back where it stood.
import {
  Generator,
  getNumThreads,
  nn,
  type optim,
  type Recorded,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import { type ConditionKind, conditionsAt } from "./conditions.js";
import type { BatchCoupling } from "./coupling.js";
import { conditionKinds, type Endpoints } from "./dataset.js";
import { type Direction, type End, endOf, other } from "./direction.js";
import { repeatRows, trainingStep } from "./inner.js";
import { asPairs, asRows } from "./method.js";
import { directionOf, type Problem } from "./problem.js";
import { hash32, stream } from "./random.js";
import { Ahead } from "./rows/ahead.js";
import { CacheRows } from "./rows/cache.js";
import { StreamRows } from "./rows/stream.js";
import { TableRows } from "./rows/table.js";
import type { RowSource, SourceState } from "./rows.js";
import type { Network, Simulator } from "./simulator.js";
import { canRunAhead } from "./threads.js";

export interface PassOptions {
  problem: Required<Problem>;
  half: number;
  network: Network;
  optimizer: optim.Adam;
  ema: optim.EMA | null;
  simulator: Simulator;
}

/** What a pass saves beside tensors. */
export interface PassState extends SourceState {
  half: number;
  step: number;
  /** Random states and the source of rows; null where only the step is known (a start from files). */
  streams: {
    noise: Uint8Array;
    pairing: Uint8Array;
    /** The default generator, which dropout draws from. */
    fallback: Uint8Array;
    source: SourceState;
  } | null;
}

export class Pass {
  readonly half: number;
  readonly direction: Direction;
  readonly steps: number;
  readonly source: RowSource;
  readonly optimizer: optim.Adam;
  /** The last losses, the newest last. */
  readonly losses: number[] = [];
  /** Steps done. */
  step = 0;
  readonly #problem: Required<Problem>;
  readonly #run: Recorded;
  readonly #couple: BatchCoupling | null;
  /** The conditions behind the rows of a batch of independent pairs. */
  readonly #conditions: { of: End; which: readonly ConditionKind[] };
  readonly #noise: Generator;
  readonly #pairing: Generator;
  readonly #fallback: Generator;

  constructor({ problem, half, network, optimizer, ema, simulator }: PassOptions) {
    const { method, seed, process, data, firstIteration, firstPass } = problem;
    const device = data.x0.device;
    const random = (purpose: string) => stream(seed, `${purpose}/${half}`, device);
    this.#problem = problem;
    this.half = half;
    this.direction = directionOf(problem, half);
    this.steps = half <= firstIteration ? problem.firstSteps : problem.steps;
    this.optimizer = optimizer;
    this.#noise = random("train");
    this.#pairing = random("pairing");
    this.#fallback = Generator.default(device).manualSeed(hash32(`${seed}/default/${half}`));
    if (problem.renewNetwork && half > 1) {
      using fresh = problem.network(this.direction, half);
      nn.copyState(fresh, network);
    }
    this.source = rowSource({
      problem,
      half,
      simulator,
      stepsLeft: () => this.steps - this.step,
    });
    this.#run = trainingStep({
      problem,
      direction: this.direction,
      network,
      optimizer,
      ema,
      generator: this.#noise,
    });
    const of = conditionsAt(data.conditions, endOf(this.direction))?.of ?? "x0";
    this.#conditions = { of, which: conditionKinds(data) };
    this.#couple =
      method.coupling?.(process) ??
      (half <= firstPass && method.pairs ? problem.batchCoupling : null);
  }

  /**
   * One training step. The gradient's norm is read where it is told; so is the loss where reading it would wait for
   * another device (on the processor it is read at every step).
   */
  advance({ told = false }: { told?: boolean } = {}): {
    loss: number | null;
    gradNorm: number | null;
  } {
    const { batchSize, repeat, data } = this.#problem;
    const result: { loss: number | null; gradNorm: number | null } = { loss: null, gradNorm: null };
    tidy(() => {
      let batch = this.source.batch(batchSize / repeat);
      if (this.#couple)
        batch = asRows(this.#couple(asPairs(batch, this.#conditions), this.#pairing));
      const [loss, norm] = this.#run(...repeatRows(batch, repeat)) as [Tensor, Tensor];
      if (told || data.x0.device === "cpu") result.loss = loss.item();
      if (told) result.gradNorm = norm.item();
    });
    this.step++;
    if (result.loss !== null) this.losses.push(result.loss);
    if (this.losses.length > 10) this.losses.shift();
    return result;
  }

  save(): PassState {
    return {
      half: this.half,
      step: this.step,
      streams: {
        noise: this.#noise.getState(),
        pairing: this.#pairing.getState(),
        fallback: this.#fallback.getState(),
        source: this.source.save(),
      },
    };
  }

  /** Goes on from a saved state; networks, averages and optimisers are put back by the caller. */
  async *restore({ step, streams }: PassState): AsyncGenerator<{ done: number; total: number }> {
    this.step = step;
    if (!streams) return;
    yield* this.source.restore(streams.source);
    this.#noise.setState(streams.noise);
    this.#pairing.setState(streams.pairing);
    this.#fallback.setState(streams.fallback);
  }

  dispose(): void {
    this.source.dispose();
  }
}

/** The source of a half-iteration's rows. */
function rowSource({
  problem,
  half,
  simulator,
  stepsLeft,
}: Pick<PassOptions, "problem" | "half" | "simulator"> & {
  stepsLeft: () => number;
}): RowSource {
  const { method, data, process, firstCoupling, decode, cache, batchSize, seed } = problem;
  const direction = directionOf(problem, half);
  const newest = half <= problem.firstPass ? null : directionOf(problem, half - 1);
  const random = (purpose: string) => stream(seed, `${purpose}/${half}`, data.x0.device);
  const simulate = random("simulate");
  const grid = problem.cacheGrid;
  const ahead = new Ahead((d, start, given) => {
    const { lastNoise } = problem;
    return simulator.startEndpoints(d, start, { grid, generator: simulate, lastNoise, given });
  });
  const rows = (ends: Endpoints): Tensor[] =>
    method.epoch({
      direction,
      newest,
      data: ends,
      process,
      firstCoupling,
      generator: simulate,
      simulate: ahead.simulate,
      simulateIncrements: (d, start, given) =>
        simulator.increments(d, d ?? other(direction), start, {
          grid,
          generator: simulate,
          given,
        }),
    });
  // Another network is trained meanwhile, on threads that leave some to the simulation.
  const isBeside =
    canRunAhead(problem) &&
    newest !== null &&
    newest !== direction &&
    getNumThreads() < problem.simulateThreads;
  if (cache === null)
    return new TableRows({
      epoch: () => rows(data),
      batchSize,
      simulate,
      shuffle: random("shuffle"),
      ahead: isBeside ? ahead : null,
      stepsLeft,
    });
  // Indices into tables and files are drawn on the CPU.
  const [shuffle, shuffle1] = [`shuffle/${half}`, `shuffle1/${half}`].map((purpose) =>
    stream(seed, purpose),
  ) as [Generator, Generator];
  if (newest === null)
    return new StreamRows({
      data,
      decode,
      rows,
      simulate,
      shuffle: { x0: shuffle, x1: shuffle1 },
    });
  return new CacheRows({
    ...cache,
    name: `${half}_${newest}`,
    data,
    decode,
    pairs: rows,
    simulated: newest === "f" ? 1 : 0,
    rowsPerStart: method.sampler?.rowsPerRun ?? 1,
    beside: [...(method.sampler ? ["step"] : []), ...conditionKinds(data)],
    simulate,
    shuffle,
  });
}
