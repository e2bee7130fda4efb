// Running trained networks over many samples: the plain solvers, recorded once, replayed in cache-sized
// chunks side by side. What is simulated is written once, in the solvers; here is only how to run it fast.
import {
  type Generator,
  type nn,
  noGrad,
  type Recorded,
  recorded,
  runChunked,
  stack,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import type { Direction } from "./direction.js";
import { BridgeError } from "./errors.js";
import { incrementTuples } from "./method/dsb.js";
import type { Method } from "./method.js";
import type { ReferenceProcess } from "./process.js";
import type { TimeGrid } from "./schedule.js";
import { euler } from "./solver/euler.js";
import { eulerMaruyama } from "./solver/euler-maruyama.js";
import type { Field } from "./solver.js";

export type Network = nn.Module & { forward(x: Tensor, t: Tensor): Tensor };

export interface SimulatorOptions {
  method: Pick<Method, "predicts">;
  process: ReferenceProcess;
  /** The network of each direction (for a shared field, twice the same). */
  networks: Record<Direction, Network>;
  threads?: number;
  /** Rows a chunk (default 250): intermediates of wide layers stay in the cache, and below the size at which malloc asks the kernel. */
  chunkRows?: number;
}

/** Runs the method's sampler once, in plain tensor operations: x [B, …] from the start of `direction`. */
export function sample(
  { method, process, networks }: Pick<SimulatorOptions, "method" | "process" | "networks">,
  x: Tensor,
  options: {
    direction: Direction;
    grid: TimeGrid;
    lastNoise?: boolean;
    callback?: (x: Tensor, at: { step: number; time: number }) => void;
    noise?: (x: Tensor, step: number) => Tensor;
  },
): Tensor {
  const net = networks[options.direction];
  const field: Field = (y, t) => net.forward(y, t);
  if (method.predicts === "velocity") return euler(field, x, options);
  if (method.predicts === "drift")
    return eulerMaruyama(field, x, { ...options, sigma: process.sigma });
  // An increment is a drift with Δt inside: divide it out, and the one solver serves both.
  const dt = options.grid.steps[0] as number;
  if (options.grid.steps.some((s) => Math.abs(s - dt) > 1e-12))
    throw new BridgeError(
      "argument",
      "DSB's networks predict the increment of one step size; the grid has several",
    );
  return eulerMaruyama((y, t) => field(y, t).div(dt), x, { ...options, sigma: process.sigma });
}

/** Simulates with fixed networks whose weights may change; programs are recorded at first use. */
export class Simulator {
  readonly #programs = new Map<string, Recorded>();
  readonly #options: SimulatorOptions;

  constructor(options: SimulatorOptions) {
    this.#options = options;
  }

  #run(
    key: string,
    make: () => Recorded,
    x: Tensor,
    generator: Generator,
    outputDims: number[],
  ): Tensor[] {
    let fn = this.#programs.get(key);
    if (!fn) {
      fn = make();
      this.#programs.set(key, fn);
    }
    const program = fn;
    const { threads = 1, chunkRows = 250 } = this.#options;
    return noGrad(() =>
      runChunked(program, [x], { rows: chunkRows, threads, generator, inputDims: [0], outputDims }),
    );
  }

  /** Ends [n, …] of runs from x [n, …]. */
  endpoints(
    direction: Direction,
    x: Tensor,
    {
      grid,
      generator,
      lastNoise = true,
    }: { grid: TimeGrid; generator: Generator; lastNoise?: boolean },
  ): Tensor {
    const make = () =>
      recorded((start) => sample(this.#options, start, { direction, grid, lastNoise }));
    return this.#run(
      `end/${direction}/${grid.times}/${lastNoise}`,
      make,
      x,
      generator,
      [0],
    )[0] as Tensor;
  }

  /** States [k, n, …] at the given step indices (0 is the start), of runs from x [n, …]. */
  path(
    direction: Direction,
    x: Tensor,
    {
      grid,
      generator,
      at,
      lastNoise = true,
    }: { grid: TimeGrid; generator: Generator; at?: readonly number[]; lastNoise?: boolean },
  ): Tensor {
    const wanted = new Set(at ?? Array.from({ length: grid.steps.length + 1 }, (_, k) => k));
    const make = () =>
      recorded((start) => {
        const states: Tensor[] = [];
        sample(this.#options, start, {
          direction,
          grid,
          lastNoise,
          callback: (y, { step }) => wanted.has(step) && states.push(y),
        });
        return stack(states);
      });
    return this.#run(
      `path/${direction}/${grid.times}/${[...wanted]}/${lastNoise}`,
      make,
      x,
      generator,
      [1],
    )[0] as Tensor;
  }

  /** DSB's training rows from runs of `net`'s direction (null: pure noise, in `direction`). */
  increments(
    newest: Direction | null,
    direction: Direction,
    x: Tensor,
    { grid, generator }: { grid: TimeGrid; generator: Generator },
  ): Tensor[] {
    const { process, networks } = this.#options;
    const net: Field | null = newest === null ? null : (y, t) => networks[newest].forward(y, t);
    const make = () =>
      recorded((start) => incrementTuples(net, start, { direction, grid, sigma: process.sigma }));
    return this.#run(
      `increments/${newest}/${direction}/${grid.times}`,
      make,
      x,
      generator,
      [0, 0, 0],
    );
  }

  /** Forgets the programs (after networks were replaced). */
  reset(): void {
    this.#programs.clear();
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
