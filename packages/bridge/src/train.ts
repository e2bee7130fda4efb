// The driver: half-iteration after half-iteration, each a simulation with the newest network and a regression.
// It tells what happens as events and leaves writing, showing and stopping to whoever listens.
import { type Generator, optim, type Tensor, tidy } from "@dsbm/torch";
import type { Direction } from "./direction.js";
import { BridgeError } from "./errors.js";
import type { TrainEvent } from "./events.js";
import { batchOf, shuffleRows, trainingStep } from "./inner.js";
import { asPairs, asRows } from "./method.js";
import { complete, type Problem } from "./problem.js";
import { stream } from "./random.js";
import { kept, type Network, Simulator } from "./simulator.js";
import { chooseThreads, threadCandidates } from "./threads.js";

/** Everything that training changes, by direction where there is one of each. */
export interface TrainState {
  /** Half-iterations completed. */
  half: number;
  networks: Record<Direction, Network>;
  emas: Record<Direction, optim.EMA> | null;
  /** What samples: the averages where there are any, else the networks themselves. */
  samplers: Record<Direction, Network>;
  /** Optimisers that live on between half-iterations (methods that keep theirs). */
  optimizers: Partial<Record<Direction, optim.Adam>>;
}

/** The direction trained in half-iteration `half` (counted from 1). */
export function directionOf(
  { sequence }: Pick<Required<Problem>, "sequence">,
  half: number,
): Direction {
  return sequence[(half - 1) % sequence.length] as Direction;
}

/** Training of one problem: state, simulator, and the loop over half-iterations. */
export class Training {
  readonly problem: Required<Problem>;
  readonly state: TrainState;
  readonly simulator: Simulator;
  #threads: number | null = null;

  /** Builds networks with their initial weights. Throws a BridgeError for a problem that makes no sense. */
  constructor(problem: Problem) {
    this.problem = complete(problem);
    const { method, network, emaRate, emaWarmup, process, simulateThreads, chunkRows } =
      this.problem;
    const shared = method.networks === "shared";
    const pair = <T>(make: (d: Direction) => T): Record<Direction, T> => {
      const b = make("b");
      return { b, f: shared ? b : make("f") };
    };
    const networks = pair(network);
    const samplers = emaRate === null ? networks : pair(network);
    const emas =
      emaRate === null
        ? null
        : pair((d) => new optim.EMA(networks[d], emaRate, { warmup: emaWarmup }));
    for (const d of ["b", "f"] as const) emas?.[d].copyTo(samplers[d]);
    this.state = { half: 0, networks, emas, samplers, optimizers: {} };
    this.simulator = new Simulator({
      method,
      process,
      networks: samplers,
      threads: simulateThreads,
      chunkRows,
    });
  }

  /**
   * Runs the half-iterations that are left. Signals and timers get their turn about every 50 ms; after `signal`
   * was aborted the run ends with a `stopped` event at the next step boundary, the unfinished half-iteration
   * not counted.
   */
  async *run({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<TrainEvent> {
    while (this.state.half < this.problem.halfIterations && !signal?.aborted)
      yield* this.#half(this.state.half + 1, signal);
  }

  /** Makes the optimisers of a method that keeps theirs, so that a saved state can be put into them. */
  keepOptimizers(): void {
    const { method, optimizer, lr, weightDecay } = this.problem;
    const { optimizers, networks } = this.state;
    if (method.optimizer !== "kept") return;
    const make = (d: Direction) =>
      new optim[optimizer](networks[d].parameters(), { lr, weightDecay });
    optimizers.b ??= make("b");
    optimizers.f ??= method.networks === "shared" ? optimizers.b : make("f");
  }

  #optimizer(network: Network, direction: Direction): optim.Adam {
    const { optimizer, lr, weightDecay } = this.problem;
    this.keepOptimizers();
    return (
      this.state.optimizers[direction] ??
      new optim[optimizer](network.parameters(), { lr, weightDecay })
    );
  }

  /** The rows of one epoch, kept out of scopes. */
  #epoch(half: number, direction: Direction, simulate: Generator, shuffle: Generator): Tensor[] {
    const { method, data, process, firstCoupling, grid } = this.problem;
    const newest = half === 1 ? null : directionOf(this.problem, half - 1);
    return kept(() => {
      const rows = method.epoch({
        direction,
        newest,
        data,
        process,
        firstCoupling,
        generator: simulate,
        simulate: (d, start) => this.simulator.endpoints(d, start, { grid, generator: simulate }),
        simulateIncrements: (d, start) =>
          this.simulator.increments(d, d ?? (direction === "b" ? "f" : "b"), start, {
            grid,
            generator: simulate,
          }),
      });
      return shuffleRows(rows, shuffle);
    });
  }

  async *#half(half: number, signal?: AbortSignal): AsyncGenerator<TrainEvent> {
    const { problem, state } = this;
    const { method, seed, batchSize, logEvery, process } = problem;
    const began = performance.now();
    const direction = directionOf(problem, half);
    const network = state.networks[direction];
    const device = problem.data.x0.device;
    const random = (purpose: string) => stream(seed, `${purpose}/${half}`, device);
    const [simulate, shuffle, noise, pairing] = [
      random("simulate"),
      random("shuffle"),
      random("train"),
      random("pairing"),
    ];
    const optimizer = this.#optimizer(network, direction);
    const ema = state.emas?.[direction] ?? null;
    ema?.restart();
    const step = trainingStep({ problem, direction, network, optimizer, ema, generator: noise });
    const couple =
      method.coupling?.(process) ?? (half === 1 && method.pairs ? problem.batchCoupling : null);
    this.#threads ??= this.#measureThreads(direction);
    yield { type: "start", half, direction, threads: this.#threads };

    const steps = half === 1 ? problem.firstSteps : problem.steps;
    const losses: number[] = [];
    let rows: Tensor[] = [];
    let cursor = Number.POSITIVE_INFINITY;
    let logged = performance.now();
    let breath = performance.now();
    let loss = Number.NaN;
    try {
      for (let i = 1; i <= steps; i++) {
        if (cursor + batchSize > (rows[0]?.size(0) ?? 0)) {
          for (const r of rows) r.dispose();
          const start = performance.now();
          rows = this.#epoch(half, direction, simulate, shuffle);
          cursor = 0;
          yield { type: "simulate", half, direction, seconds: (performance.now() - start) / 1000 };
        }
        let gradNorm = Number.NaN;
        tidy(() => {
          let batch = batchOf(rows, cursor, batchSize);
          if (couple) batch = asRows(couple(asPairs(batch), pairing));
          const [lossOf, norm] = step(...batch) as [Tensor, Tensor];
          loss = lossOf.item();
          if (i % logEvery === 0 || i === steps) gradNorm = norm.item();
        });
        cursor += batchSize;
        losses.push(loss);
        if (losses.length > 10) losses.shift();
        if (!Number.isFinite(loss)) throw notFinite(half, direction, i, losses);
        const now = performance.now();
        if (i % logEvery === 0 || i === steps) {
          const done = i % logEvery || logEvery;
          yield {
            type: "step",
            half,
            direction,
            step: i,
            steps,
            loss,
            gradNorm: Number.isFinite(gradNorm) ? gradNorm : null,
            rate: (1000 * done) / (now - logged),
          };
          logged = performance.now();
        }
        if (now - breath > 50) {
          await new Promise(setImmediate);
          breath = performance.now();
        }
        if (signal?.aborted && i < steps) {
          yield { type: "stopped", half, direction, step: i, steps };
          return;
        }
      }
    } finally {
      for (const r of rows) r.dispose();
      if (method.optimizer === "renewed") optimizer.dispose();
    }
    if (ema) ema.copyTo(state.samplers[direction]);
    state.half = half;
    yield { type: "half", half, direction, seconds: (performance.now() - began) / 1000, loss };
  }

  /** Times the step on a network that is thrown away afterwards. */
  #measureThreads(direction: Direction): number {
    const { problem } = this;
    if (problem.threads !== "auto")
      return chooseThreads(() => {}, { candidates: [problem.threads], repeats: 1, rounds: 1 })
        .threads;
    const candidates = threadCandidates(Math.max(1, problem.simulateThreads));
    if (candidates.length === 1)
      return chooseThreads(() => {}, { candidates, repeats: 1, rounds: 1 }).threads;
    const network = problem.network(direction);
    const optimizer = new optim.Adam(network.parameters(), { lr: problem.lr });
    const step = trainingStep({
      problem,
      direction,
      network,
      optimizer,
      ema: null,
      generator: stream(problem.seed, "threads", problem.data.x0.device),
    });
    try {
      return tidy(() => {
        const { x0, x1 } = problem.data;
        const pairs = batchOf([x0, x1], 0, problem.batchSize);
        const rows = problem.method.pairs
          ? pairs
          : [
              pairs[0] as Tensor,
              (pairs[0] as Tensor).flatten({ startDim: 1 }).select(1, 0).sigmoid(),
              pairs[1] as Tensor,
            ];
        return chooseThreads(() => tidy(() => step(...rows)), { candidates }).threads;
      });
    } finally {
      optimizer.dispose();
      network.dispose();
    }
  }

  dispose(): void {
    for (const d of ["b", "f"] as const) {
      this.state.networks[d].dispose();
      this.state.samplers[d].dispose();
      this.state.emas?.[d].dispose();
      this.state.optimizers[d]?.dispose();
    }
    this.simulator.reset();
  }
}

function notFinite(
  half: number,
  direction: Direction,
  step: number,
  losses: number[],
): BridgeError {
  return new BridgeError(
    "not_finite",
    `the loss became ${losses[losses.length - 1]} at step ${step} of half-iteration ${half} (${direction}); the last losses were ${losses.map((l) => l.toPrecision(4)).join(", ")}; try a smaller learning rate, gradient clipping, or a larger eps`,
  );
}
