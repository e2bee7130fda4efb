// Running trained networks over many samples: the plain solvers, recorded once, replayed in cache-sized
// chunks side by side. What is simulated is written once, in the solvers; here is only how to run it fast.

import {
  type ConditionKind,
  type Conditions,
  conditionRows,
  conditionsIn,
  type Direction,
  type Dynamics,
  type Field,
  incrementTuples,
  kindsOf,
  type Network,
  sample,
  type TimeGrid,
} from "@dsbm/bridge";
import {
  type ChunkedRun,
  Generator,
  nn,
  noGrad,
  type Recorded,
  recorded,
  stack,
  startChunked,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import { type Command, type Part, Ranks } from "./distributed/ranks.js";

export interface SimulatorOptions extends Dynamics {
  threads?: number;
  /** Rows a chunk (default 500): intermediates of wide layers stay in the cache, and below the size at which malloc asks the kernel. */
  chunkRows?: number;
  /** Processes that simulate in shares; each gets all of what comes out, the same as if one had made it. */
  ranks?: Ranks | null;
}

/** How samples are carried along. */
interface Simulating {
  grid: TimeGrid;
  generator: Generator;
  /** Whether the last step has its noise (default: yes). */
  lastNoise?: boolean;
  /** What the networks are told beside, a row for each sample. */
  given?: Conditions | undefined;
}

interface Running {
  x: Tensor;
  given: Conditions | undefined;
  generator: Generator;
  outputDims: number[];
  chunkRows: number;
}

/** What rank 0 wants of the others: a method of the simulator, its arguments, and the tensors that follow. */
interface Wanted extends Command {
  kind: "simulate";
  what: "endpoints" | "path";
  direction: Direction;
  grid: TimeGrid;
  lastNoise: boolean;
  at: number[] | null;
  state: string;
  x: ReturnType<typeof Ranks.kindOf>;
  given: [ConditionKind, ReturnType<typeof Ranks.kindOf>][];
}

type Body = (start: Tensor, given: Conditions | undefined) => Tensor | Tensor[];

/** Simulates with fixed networks whose weights may change; programs are recorded at first use. */
export class Simulator {
  readonly #programs = new Map<string, Recorded>();
  readonly #options: SimulatorOptions;
  /** Whether the other ranks are waiting to be told, as rank 0, or simulate the same in step with this one. */
  workersWaiting = false;

  constructor(options: SimulatorOptions) {
    this.#options = options;
  }

  /** Begins runs of `body`, recorded under its key. */
  #start(key: string, body: Body, running: Omit<Running, "chunkRows">): ChunkedRun {
    const { x, given, generator, outputDims } = running;
    const { threads = 1, chunkRows = 500, networks } = this.#options;
    const kinds = kindsOf(given);
    const name = `${key}/${kinds}`;
    let program = this.#programs.get(name);
    if (!program) {
      program = recorded((...rows) =>
        inUse(Object.values(networks), () => body(rows[0] as Tensor, conditionsIn(rows, kinds))),
      );
      this.#programs.set(name, program);
    }
    const inputs = [x, ...conditionRows(given)];
    const inputDims = inputs.map(() => 0);
    const recordedBody = program;
    const begin = (part?: Part) =>
      noGrad(() =>
        startChunked(recordedBody, inputs, {
          ...{ rows: chunkRows, threads, generator, inputDims, outputDims, part },
        }),
      );
    return this.#options.ranks
      ? shared(begin, this.#options.ranks, { ...running, chunkRows })
      : begin();
  }

  #run(key: string, body: Body, running: Omit<Running, "chunkRows">): Tensor[] {
    return tidy(() => this.#start(key, body, running).finish());
  }

  /** Ends [n, …] of runs from x [n, …]. */
  endpoints(direction: Direction, x: Tensor, options: Simulating): Tensor {
    return tidy(() => this.startEndpoints(direction, x, options).finish())[0] as Tensor;
  }

  /** `endpoints` on threads of their own, while other work goes on; its one output is [n, …]. */
  startEndpoints(
    direction: Direction,
    x: Tensor,
    { grid, generator, lastNoise = true, given }: Simulating,
  ): ChunkedRun {
    this.#shareWork("endpoints", { direction, x, grid, generator, lastNoise, given, at: null });
    return this.#start(
      `end/${direction}/${grid.times}/${lastNoise}`,
      (start, told) => sample(this.#options, start, { direction, grid, lastNoise, given: told }),
      { x, given, generator, outputDims: [0] },
    );
  }

  /** States [k, n, …] at the given step indices (0 is the start), of runs from x [n, …]. */
  path(
    direction: Direction,
    x: Tensor,
    { grid, generator, at, lastNoise = true, given }: Simulating & { at?: readonly number[] },
  ): Tensor {
    this.#shareWork("path", { direction, x, grid, generator, lastNoise, given, at: at ?? null });
    const wanted = new Set(at ?? Array.from({ length: grid.steps.length + 1 }, (_, k) => k));
    const run = (start: Tensor, told: Conditions | undefined) => {
      const states: Tensor[] = [];
      sample(this.#options, start, {
        direction,
        grid,
        lastNoise,
        given: told,
        callback: (y, { step }) => wanted.has(step) && states.push(y),
      });
      return stack(states);
    };
    return this.#run(`path/${direction}/${grid.times}/${[...wanted]}/${lastNoise}`, run, {
      x,
      given,
      generator,
      outputDims: [1],
    })[0] as Tensor;
  }

  /**
   * DSB's training rows from runs of `newest` (null: pure noise, in `direction`): states, times and targets of one
   * step a run; of a method with steps of its own, points and targets of all steps.
   */
  increments(
    newest: Direction | null,
    direction: Direction,
    x: Tensor,
    { grid, generator, given }: Simulating,
  ): Tensor[] {
    const { process, networks, method } = this.#options;
    const { sampler } = method;
    return this.#run(
      `increments/${newest}/${direction}/${grid.times}`,
      (start, told) => {
        const net: Field | null =
          newest === null ? null : (y, t) => networks[newest].forward(y, t, told);
        if (sampler && net) return sampler.tuples(net, start, { direction });
        return incrementTuples(net, start, { direction, grid, sigma: process.sigma });
      },
      { x, given, generator, outputDims: sampler ? [0, 0] : [0, 0, 0] },
    );
  }

  /** As rank 0, while the others wait: has them take their share of what it simulates. */
  #shareWork(
    what: Wanted["what"],
    {
      x,
      given,
      generator,
      at,
      ...plain
    }: Simulating &
      Pick<Wanted, "direction" | "lastNoise"> &
      Pick<Running, "x"> & {
        at: readonly number[] | null;
      },
  ): void {
    const { ranks } = this.#options;
    if (!ranks || !this.workersWaiting) return;
    const told = kindsOf(given).map((kind) => [kind, given?.[kind]] as [ConditionKind, Tensor]);
    const wanted: Wanted = {
      ...{ kind: "simulate", what, ...plain, at: at && [...at] },
      state: Buffer.from(generator.getState()).toString("base64"),
      x: Ranks.kindOf(x),
      given: told.map(([kind, t]) => [kind, Ranks.kindOf(t)]),
    };
    ranks.broadcast(wanted);
    for (const t of [x, ...told.map(([, rows]) => rows)]) ranks.send(t);
  }

  /** As another rank: takes its share of what rank 0 simulates. */
  handleCommand(command: Command): void {
    const ranks = this.#options.ranks as Ranks;
    const { what, direction, grid, lastNoise, at, state, x, given } = command as Wanted;
    tidy(() => {
      const start = ranks.receive(x);
      const told = given.map(([kind, shape]) => [kind, ranks.receive(shape)]);
      const generator = Generator.create(0, start.device);
      generator.setState(Buffer.from(state, "base64"));
      const carried = {
        ...{ grid, lastNoise, generator },
        given: told.length > 0 ? (Object.fromEntries(told) as Conditions) : undefined,
      };
      if (what === "endpoints") this.endpoints(direction, start, carried);
      else this.path(direction, start, { ...carried, ...(at && { at }) });
    });
  }

  /** Forgets the programs (after networks were replaced). */
  reset(): void {
    this.#programs.clear();
  }
}

/** Runs of this rank's chunks, joined with those of the others at the end. */
function shared(
  begin: (part: Part) => ChunkedRun,
  ranks: Ranks,
  { x, chunkRows, outputDims }: Running,
): ChunkedRun {
  const n = x.size(0);
  const chunks = Math.ceil(n / chunkRows);
  const { start, count } = ranks.part(chunks);
  const own = begin({ start, count });
  // The last chunk may be shorter.
  const rowsOf = (rank: number) => {
    const part = ranks.part(chunks, rank);
    const end = Math.min(n, (part.start + part.count) * chunkRows);
    return Math.max(0, end - part.start * chunkRows);
  };
  const counts = Array.from({ length: ranks.size }, (_, rank) => rowsOf(rank));
  return {
    outputs: own.outputs,
    stop: own.stop,
    finish: () => {
      own.finish();
      const whole = own.outputs.map((t, i) => ranks.gather(t, counts, outputDims[i]));
      for (const t of own.outputs) t.dispose();
      return whole;
    },
  };
}

/** Runs `fn` with the networks as they are in use: no dropout and standing weights, whatever they are doing otherwise. */
function inUse<T>(networks: readonly Network[], fn: () => T): T {
  const training = networks.map((net) => net.training);
  for (const net of networks) net.eval();
  try {
    return nn.withStandingWeights(fn);
  } finally {
    networks.forEach((net, i) => {
      net.train(training[i]);
    });
  }
}

/** Keeps a result out of the surrounding scopes. */
export function kept<T extends Tensor[]>(fn: () => T): T {
  return tidy(() => {
    const result = fn();
    for (const t of result) t.keep();
    return result;
  });
}
