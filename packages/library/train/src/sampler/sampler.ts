// Samples of trained networks: solvers are recorded once and replayed in chunks of rows, several at once.
import {
  type Chain,
  type Conditions,
  type Direction,
  type Dynamics,
  type Field,
  flowMargin,
  type NetworkDType,
  networkFlow,
  sample,
  solveFlow,
  type TimeGrid,
  wholeGrid,
  withDirection,
} from "@dsbm/bridge";
import { type ChunkedRun, type Generator, noGrad, stack, type Tensor, tidy } from "@dsbm/torch";
import { localRanks, type Ranks } from "../distributed/ranks.js";
import { flowThrough, sampleThrough } from "./chain.js";
import type { FlowStateOptions, FlowStates, SamplingOptions } from "./options.js";
import { Programs } from "./programs.js";
import { sampleFlow } from "./sample-flow.js";
import { sampleSteps } from "./sample-steps.js";
import { timesOf } from "./times.js";

/** The dynamics, the grid and the execution of a sampler. */
export interface SamplerOptions extends Dynamics, SamplerExecution {
  /**
   * Several marginals: paths without `conditions.interval` go through all intervals (see `chain.ts`).
   */
  chain?: Chain | null | undefined;
  /** The grid of training; of a chain the grid of each interval. */
  grid: TimeGrid;
  /** Networks were trained at times [eps, 1 − eps], which bound a flow's drifts (default 1e-4). */
  eps?: number | undefined;
}

/** How a sampler runs. */
export interface SamplerExecution {
  /** Chunks that run at the same time (default 1). */
  threads?: number;
  /** Rows of a chunk (default 500): intermediates of wide layers stay in the processor's cache. */
  chunkRows?: number;
  /** The dtype in which networks simulate (default float32); flows keep their own. */
  dtype?: NetworkDType;
  /** Processes that simulate in shares; each gets the whole result. */
  ranks?: Ranks | null;
}

/** Options of one simulation. */
export interface SimulateOptions {
  /** Default: the grid of training. For all intervals of a chain: a grid of the whole time. */
  grid?: TimeGrid;
  /** Gives each chunk a stream of its own (default: the default generator). */
  generator?: Generator | undefined;
  /** Whether the last step has its noise (default: yes). */
  lastNoise?: boolean;
  /** Conditions of the rows. */
  conditions?: Conditions | undefined;
}

/** The facts of a bridge that sampling needs, of a training or of a saved run. */
export interface BridgeFacts extends Omit<SamplerOptions, "networks" | keyof SamplerExecution> {}

/** Makes every sampler, of a training and of an opened run. */
export const samplerOf = (
  facts: BridgeFacts,
  networks: SamplerOptions["networks"],
  execution: SamplerExecution,
): Sampler => new Sampler({ ...facts, networks, ...execution });

type SimulationBody = (x: Tensor, conditions: Conditions | undefined) => Tensor | Tensor[];

/**
 * Samples with the networks of a training. `simulate…` draws noise from a generator, in chunks and on all ranks, for
 * training pairs; `sample` draws noise by seed and row; `flow` draws none.
 */
export class Sampler {
  readonly #options: SamplerOptions & Required<Pick<SamplerOptions, "threads" | "chunkRows">>;
  readonly #ranks: Ranks;
  readonly #programs: Programs;

  constructor(options: SamplerOptions) {
    this.#options = { threads: 1, chunkRows: 500, ...options };
    this.#ranks = options.ranks ?? localRanks;
    const { threads, chunkRows } = this.#options;
    const { networks, dtype = "float32" } = options;
    this.#programs = new Programs({ networks, threads, chunkRows, dtype });
  }

  /** Simulates x [n, …] to the other endpoint of a direction. Returns [n, …]. */
  simulate(direction: Direction, x: Tensor, options: SimulateOptions = {}): Tensor {
    return tidy(() => this.#startEndpoints(direction, x, options).finish())[0];
  }

  /** `simulate` on background threads and on all ranks, each of which calls it; its one output is [n, …]. */
  startSimulation(direction: Direction, x: Tensor, options: SimulateOptions = {}): ChunkedRun {
    return this.#startEndpoints(direction, x, options, this.#ranks);
  }

  #startEndpoints(
    direction: Direction,
    x: Tensor,
    options: SimulateOptions,
    ranks = localRanks,
  ): ChunkedRun {
    const { grid = this.#options.grid, lastNoise = true } = options;
    const body: SimulationBody = (start, conditions) =>
      sample(this.#options, start, { direction, grid, lastNoise, conditions });
    const key = `end/${direction}/${grid.times}/${lastNoise}`;
    return this.#start(key, body, x, options, { outputDims: [0], ranks });
  }

  /** Simulates paths from x [n, …]. Returns their states [k, n, …] at step indices (0 is x; default: all). */
  simulatePaths(
    direction: Direction,
    x: Tensor,
    { at, ...options }: SimulateOptions & { at?: readonly number[] | undefined },
  ): Tensor {
    const { grid = this.#options.grid, lastNoise = true } = options;
    const indices = [...new Set(at ?? timesOf(direction, grid).keys())];
    const body: SimulationBody = (start, conditions) => {
      const states: Tensor[] = [];
      sample(this.#options, start, {
        direction,
        grid,
        lastNoise,
        conditions,
        callback: (y, { step }) => indices.includes(step) && states.push(y),
      });
      return stack(states);
    };
    const key = `path/${direction}/${grid.times}/${indices}/${lastNoise}`;
    return tidy(() => this.#start(key, body, x, options, { outputDims: [1] }).finish())[0];
  }

  /**
   * Simulates the training rows that the method makes along paths from x [n, …] of the network of `newest` (null: of
   * the reference process).
   * @throws if the method makes none.
   */
  simulateRuns(
    newest: Direction | null,
    direction: Direction,
    x: Tensor,
    options: SimulateOptions,
  ): Record<string, Tensor> {
    const { process, networks, method } = this.#options;
    const runs = method.rows?.runs;
    if (!runs) throw new Error(`${method.name} makes no rows along runs: give it rows.runs`);
    const { grid = this.#options.grid } = options;
    const body: SimulationBody = (start, conditions) => {
      const network = newest && networks[newest];
      const evaluated = network && withDirection(newest, network, method);
      const net: Field | null = evaluated ? (y, t) => evaluated.forward(y, t, conditions) : null;
      const rows = runs.rows(net, start, { direction, grid, sigma: process.sigma });
      return runs.names.map((name) => rows[name]);
    };
    const key = `runs/${newest}/${direction}/${grid.times}`;
    const shares = { outputDims: runs.names.map(() => 0), ranks: this.#ranks };
    const tensors = tidy(() => this.#start(key, body, x, options, shares).finish());
    return Object.fromEntries(runs.names.map((name, i) => [name, tensors[i]]));
  }

  /**
   * The probability flow from x [n, …]. An adaptive solver takes all rows as one system.
   * @throws {BridgeError} as `solveFlow` and `networkFlow` do.
   */
  flow(
    direction: Direction,
    x: Tensor,
    {
      times,
      conditions,
      guidance = this.#options.guidance,
      evenChunks = false,
      ...options
    }: FlowStateOptions = {},
  ): FlowStates {
    const ends = direction === "f" ? [0, 1] : [1, 0];
    const route = this.#route(direction, { conditions });
    if (route)
      return flowThrough(
        x,
        route,
        { ...options, guidance, evenChunks, times: times ?? ends },
        (y, leg) => this.flow(direction, y, leg),
      );
    // In the networks' own dtype: an adaptive solver would take rounding for curvature.
    const velocity: Field = (y, t) =>
      this.#programs.replay(
        `flow/${guidance}`,
        { x: y, t, conditions },
        (batch) => [
          networkFlow({
            ...this.#options,
            eps: flowMargin(this.#options),
            guidance,
            conditions: batch.conditions,
          })(batch.x as Tensor, batch.t as Tensor),
        ],
        { dtype: "float32", evenChunks },
      )[0];
    return noGrad(() => solveFlow(velocity, x, { ...options, times: times ?? ends }));
  }

  /**
   * Samples the other endpoint from x [n, …], in memory for a state or two, with noise that is a function of the seed
   * and a row's index. Awaits `onState` with each state (`path`) or the endpoint. Returns the network evaluations,
   * summed over rows; null if `signal` was aborted.
   */
  sample(direction: Direction, x: Tensor, options: SamplingOptions): Promise<number | null> {
    const route = this.#route(direction, options);
    if (route) return sampleThrough(x, route, options, (y, leg) => this.sample(direction, y, leg));
    const { grid = this.#options.grid, solver = "sde", evenChunks = false } = options;
    if (solver === "sde")
      return sampleSteps(x, {
        ...options,
        direction,
        grid,
        dynamics: this.#options,
        replay: (key, batch, body, outputs) =>
          this.#programs.replay(key, batch, body, { outputs, evenChunks }),
      });
    return sampleFlow(x, {
      ...options,
      solver,
      direction,
      grid,
      systemRows: this.rowMultiple(solver),
      flow: (start, flow) => this.flow(direction, start, flow),
    });
  }

  /**
   * `sample` gives the same results however the input is cut, if batches begin at multiples of this number of rows and
   * chunks are not even.
   */
  rowMultiple(solver: SamplingOptions["solver"]): number {
    return (solver === "dopri5" ? 8 : 1) * this.#options.chunkRows;
  }

  /** Drops the recorded programs (after networks were replaced). */
  reset(): void {
    this.#programs.clear();
  }

  /** The number of recorded programs. */
  get programs(): number {
    return this.#programs.count;
  }

  #route(direction: Direction, { grid, conditions }: Pick<SimulateOptions, "grid" | "conditions">) {
    const { chain, grid: each } = this.#options;
    if (!chain || conditions?.interval) return null;
    return { chain, direction, conditions, grid: grid ?? wholeGrid(chain, each) };
  }

  #start(
    key: string,
    body: SimulationBody,
    x: Tensor,
    { generator, conditions }: SimulateOptions,
    shares: { outputDims: number[]; ranks?: Ranks },
  ): ChunkedRun {
    return this.#programs.start(key, body, x, { generator, conditions, ...shares });
  }
}
