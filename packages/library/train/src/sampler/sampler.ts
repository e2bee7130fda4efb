// Samples of trained networks: solvers are recorded once and replayed in chunks of rows, several at once.
import {
  type Batch,
  type Chain,
  type Conditions,
  type Direction,
  type Dynamics,
  type Field,
  flowMargin,
  inDType,
  type Network,
  type NetworkDType,
  namesOf,
  networkFlow,
  type RecordedBatch,
  recordedBatch,
  sample,
  solveFlow,
  type TimeGrid,
  tensorsOf,
  towards,
  wholeGrid,
} from "@dsbm/bridge";
import {
  type ChunkedRun,
  Generator,
  getNumThreads,
  nn,
  noGrad,
  runChunked,
  setNumThreads,
  stack,
  startChunked,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import { localRanks, type Part, type Ranks } from "../distributed/ranks.js";
import { type CarryOptions, carry, type FollowOptions, type Replay, timesOf } from "./carry.js";
import { carryThrough, followThrough } from "./through.js";

/** The dynamics, the grid and the execution of a sampler. */
export interface SamplerOptions extends Dynamics, SamplerExecution {
  /**
   * Several marginals: paths without `conditions.interval` go through all intervals (see `through.ts`).
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

/** Recorded programs that a sampler keeps, and shapes of each. */
const most = { programs: 512, shapes: 3 };

type Body = (x: Tensor, conditions: Conditions | undefined) => Tensor | Tensor[];

/** Samples and simulates with the networks of a training, in chunks and on all ranks. */
export class Sampler {
  readonly #programs = new Map<string, RecordedBatch>();
  readonly #options: SamplerOptions & Required<Pick<SamplerOptions, "threads" | "chunkRows">>;
  readonly #ranks: Ranks;
  readonly #unread = Generator.create(0);
  constructor(options: SamplerOptions) {
    this.#options = { threads: 1, chunkRows: 500, ...options };
    this.#ranks = options.ranks ?? localRanks;
  }

  /** Simulates x [n, …] to the other end of a direction, [n, …]. */
  endpoints(direction: Direction, x: Tensor, options: SimulateOptions = {}): Tensor {
    return tidy(() => this.#simulate(direction, x, options).finish())[0];
  }

  /** `endpoints` on background threads and on all ranks, each of which calls it; its one output is [n, …]. */
  start(direction: Direction, x: Tensor, options: SimulateOptions = {}): ChunkedRun {
    return this.#simulate(direction, x, options, this.#ranks);
  }

  #simulate(
    direction: Direction,
    x: Tensor,
    options: SimulateOptions,
    ranks = localRanks,
  ): ChunkedRun {
    const { grid = this.#options.grid, lastNoise = true } = options;
    const body: Body = (start, conditions) =>
      sample(this.#options, start, { direction, grid, lastNoise, conditions });
    const key = `end/${direction}/${grid.times}/${lastNoise}`;
    return this.#start(key, body, x, options, { outputDims: [0], ranks });
  }

  /** States [k, n, …] of paths from x [n, …] at step indices (0 is x; default: all). */
  path(
    direction: Direction,
    x: Tensor,
    { at, ...options }: SimulateOptions & { at?: readonly number[] | undefined },
  ): Tensor {
    const { grid = this.#options.grid, lastNoise = true } = options;
    const indices = [...new Set(at ?? timesOf(direction, grid).keys())];
    const body: Body = (start, conditions) => {
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

  #route(direction: Direction, { grid, conditions }: Pick<SimulateOptions, "grid" | "conditions">) {
    const { chain, grid: each } = this.#options;
    if (!chain || conditions?.interval) return null;
    return { chain, direction, conditions, grid: grid ?? wholeGrid(chain, each) };
  }

  /** The rows that the method makes along paths of the network of `newest` (null: of the reference process). */
  runs(
    newest: Direction | null,
    direction: Direction,
    x: Tensor,
    options: SimulateOptions,
  ): Record<string, Tensor> {
    const { process, networks, method } = this.#options;
    const runs = method.rows?.runs;
    if (!runs) throw new Error(`${method.name} makes no rows along runs: give it rows.runs`);
    const { grid = this.#options.grid } = options;
    const body: Body = (start, conditions) => {
      const network = newest && networks[newest];
      const evaluated = network && towards(newest, network, method);
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
   * The probability flow from x [n, …]: states [T, n, …] and the number of evaluations. An adaptive solver takes all
   * rows as one system. Throws a BridgeError as `solveFlow` and `networkFlow` do.
   */
  follow(
    direction: Direction,
    x: Tensor,
    { times, conditions, guidance = this.#options.guidance, ...options }: FollowOptions = {},
  ): { states: Tensor; nfe: number } {
    const ends = direction === "f" ? [0, 1] : [1, 0];
    const route = this.#route(direction, { conditions });
    if (route)
      return followThrough(x, route, { ...options, guidance, times: times ?? ends }, (y, leg) =>
        this.follow(direction, y, leg),
      );
    // In the networks' own dtype: an adaptive solver would take rounding for curvature.
    const velocity: Field = (y, t) =>
      this.#replayIn("float32", `flow/${guidance}`, { x: y, t, conditions }, (batch) =>
        networkFlow({
          ...this.#options,
          eps: flowMargin(this.#options),
          guidance,
          conditions: batch.conditions,
        })(batch.x as Tensor, batch.t as Tensor),
      );
    return noGrad(() => solveFlow(velocity, x, { ...options, times: times ?? ends }));
  }

  /**
   * Transports x [n, …] to the other endpoint, in memory for a state or two, with noise that is a
   * function of the seed and a row's index. Awaits `onState` with each state (`path`) or the
   * endpoint. Returns the network evaluations, summed over rows; null if `signal` was aborted.
   */
  carry(direction: Direction, x: Tensor, options: CarryOptions): Promise<number | null> {
    const route = this.#route(direction, options);
    if (route) return carryThrough(x, route, options, (y, leg) => this.carry(direction, y, leg));
    const { grid = this.#options.grid } = options;
    return carry(x, {
      ...options,
      direction,
      grid,
      block: this.#options.chunkRows,
      dynamics: this.#options,
      replay: this.#replay,
      follow: (start, flow) => this.follow(direction, start, flow),
    });
  }

  /**
   * `carry` gives the same results however the input is cut, if batches begin at multiples of this
   * number of rows.
   */
  unit(solver: CarryOptions["solver"]): number {
    return (solver === "dopri5" ? 8 : 1) * this.#options.chunkRows;
  }

  /** Drops the programs (after networks were replaced). */
  reset(): void {
    this.#programs.clear();
  }

  get #dtype(): NetworkDType {
    return this.#options.dtype ?? "float32";
  }

  /** The number of recorded programs. */
  get programs(): number {
    return [...this.#programs.values()].reduce((sum, program) => sum + program.count(), 0);
  }

  #program(
    key: string,
    body: (batch: Batch) => Tensor | readonly Tensor[],
    options: { packed: boolean; dtype: NetworkDType },
  ): RecordedBatch {
    const { b, f } = this.#options.networks;
    const { dtype, ...how } = options;
    const named = `${dtype}/${key}`;
    const program =
      this.#programs.get(named) ??
      recordedBatch((batch) => evaluating([b, f], () => body(batch), { ...how, dtype }), {
        limit: most.shapes,
        forget: true,
      });
    this.#programs.delete(named);
    this.#programs.set(named, program);
    if (this.#programs.size > most.programs)
      this.#programs.delete(this.#programs.keys().next().value!);
    return program;
  }

  #start(
    key: string,
    body: Body,
    x: Tensor,
    { generator, conditions }: SimulateOptions,
    { outputDims, ranks = localRanks }: { outputDims: number[]; ranks?: Ranks },
  ): ChunkedRun {
    const { threads, chunkRows } = this.#options;
    const batch = { x, conditions };
    const names = namesOf(batch);
    const program = this.#program(key, (rows) => body(rows.x as Tensor, rows.conditions), {
      packed: true,
      dtype: this.#dtype,
    }).program(names);
    const inputDims = names.map(() => 0);
    const begin = (part?: Part) =>
      noGrad(() =>
        startChunked(program, tensorsOf(batch), {
          rows: chunkRows,
          threads,
          generator,
          inputDims,
          outputDims,
          part,
        }),
      );
    if (ranks.size === 1) return begin();
    return shared(begin, ranks, { rows: x.size(0), chunkRows, outputDims });
  }

  readonly #replay: Replay = (key, batch, body) => this.#replayIn(this.#dtype, key, batch, body);

  #replayIn(
    dtype: NetworkDType,
    key: string,
    batch: Batch,
    body: (batch: Batch) => Tensor,
  ): Tensor {
    const { threads, chunkRows: rows } = this.#options;
    const names = namesOf(batch);
    const program = this.#program(key, body, { packed: false, dtype }).program(names);
    const inputDims = names.map(() => 0);
    return noGrad(() =>
      runChunked(program, tensorsOf(batch), {
        rows,
        threads,
        generator: this.#unread,
        inputDims,
        outputDims: [0],
      }),
    )[0];
  }
}

function shared(
  begin: (part: Part) => ChunkedRun,
  ranks: Ranks,
  { rows, chunkRows, outputDims }: { rows: number; chunkRows: number; outputDims: number[] },
): ChunkedRun {
  const chunks = Math.ceil(rows / chunkRows);
  const run = begin(ranks.part(chunks));
  const rowsOf = (rank: number) => {
    const part = ranks.part(chunks, rank);
    const end = Math.min(rows, (part.start + part.count) * chunkRows);
    return Math.max(0, end - part.start * chunkRows);
  };
  const counts = Array.from({ length: ranks.size }, (_, rank) => rowsOf(rank));
  return {
    outputs: run.outputs,
    stop: run.stop,
    finish: () => {
      run.finish();
      const whole = run.outputs.map((t, i) => ranks.gather(t, counts, outputDims[i]));
      for (const t of run.outputs) t.dispose();
      return whole;
    },
  };
}

/** Runs `fn` without dropout, in a dtype, and if `packed` with weights laid out for large chunks; on one thread, as chunks do. */
function evaluating<T>(
  networks: readonly (Network | null | undefined)[],
  fn: () => T,
  { packed, dtype }: { packed: boolean; dtype: NetworkDType },
): T {
  const all = networks.filter((net) => net !== null && net !== undefined);
  const training = all.map((net) => net.training);
  const threads = getNumThreads();
  for (const net of all) net.eval();
  setNumThreads(1);
  try {
    const run = () => inDType(dtype, all, fn);
    return packed ? nn.withStandingWeights(run) : run();
  } finally {
    setNumThreads(threads);
    all.forEach((net, i) => {
      net.train(training[i]);
    });
  }
}
