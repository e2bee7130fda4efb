// A trained bridge carrying batches from one end to the other: step after step of the run's own sampler, or along its
// probability flow. A step is recorded once and replayed in chunks of rows, side by side.
import {
  type Conditions,
  conditionRows,
  conditionsIn,
  type Direction,
  type Field,
  kindsOf,
  mapConditions,
  type Network,
  networkFlow,
  ordered,
  resample,
  sample,
  solveFlow,
  type TimeGrid,
} from "@dsbm/bridge";
import {
  cat,
  type Device,
  Generator,
  noGrad,
  type Recorded,
  recorded,
  runChunked,
  stack,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";
import { RowNoise } from "./noise.js";
import type { Trained } from "./trained.js";

/** How samples are carried; names and meanings are those of the command's keys. */
export interface SamplerOptions {
  direction: Direction;
  solver: "sde" | "dopri5" | "heun" | "euler";
  steps: number | null;
  ode_tol: number | null;
  ode_step_size: number | null;
  seed: number;
  device: Device;
  threads: number;
}

/** Rows of one batch. */
export interface Batch {
  /** The start, [n, …]. */
  x: Tensor;
  /** Its first row's place in the whole input, a multiple of the sampler's `unit`. */
  first: number;
  /** What the networks are told beside, a row for each sample. */
  given?: Conditions | undefined;
  /** Called, and waited for, with the states that were asked for: index, and the state [n, …], which lives until then. */
  onState: (k: number, state: Tensor) => void | Promise<void>;
}

type Networks = Record<Direction, Network | null>;

/** Rows on one thread at a time, and of a block of noise: what the trainers' simulations take, too. */
const chunkOf = (shape: readonly number[]): number => (shape.length > 1 ? 8 : 250);
/** Chunks that dopri5 follows together, whose common error decides the steps. */
const system = 8;

/** Carries batches of one run in one direction. */
export class Sampler {
  /** Batches begin at multiples of so many rows: the results are then the same however the input is cut. */
  readonly unit: number;
  /** Process times of the states of a path, in their order. */
  readonly times: readonly number[];
  readonly #grid: TimeGrid;
  readonly #chunk: number;
  readonly #programs = new Map<string, Recorded>();
  /** Chunks are replayed from a stream that nothing reads: noise comes as input. */
  readonly #unread = Generator.create(0);

  /** Throws a UsageError for a direction that was not trained yet, and for steps that the method cannot take. */
  constructor(
    readonly trained: Trained,
    readonly networks: Networks,
    readonly options: SamplerOptions,
  ) {
    const { direction, solver, steps } = options;
    const { grid, method } = trained;
    if (solver === "sde") checkSteps(trained, { direction, steps });
    else if (method.sampler)
      throw new UsageError(
        `solver=${solver}: ${method.name} of images has steps of its own and no probability flow: write solver=sde`,
      );
    this.#grid = steps === null || steps === grid.steps.length ? grid : resample(grid, steps);
    this.#chunk = chunkOf(trained.shape);
    this.unit = solver === "dopri5" ? system * this.#chunk : this.#chunk;
    const order = ordered(direction, this.#grid);
    this.times = [order[0]?.time ?? 0, ...order.map(({ next }) => next)];
  }

  /**
   * Carries a batch to the other end. `path` asks for every state, else for the end only (index 0). Returns how often
   * the network (or the flow's field) was asked, summed over the rows; null where `signal` came in between.
   */
  async carry(
    batch: Batch,
    { path = false, signal }: { path?: boolean; signal?: AbortSignal | undefined } = {},
  ): Promise<number | null> {
    if (this.options.solver !== "sde") return this.#flow(batch, path, signal);
    return this.trained.method.sampler
      ? this.#runs(batch, path, signal)
      : this.#steps(batch, path, signal);
  }

  /** Forgets the recorded programs. */
  dispose(): void {
    this.#programs.clear();
  }

  async #steps(
    { x, first, given, onState }: Batch,
    path: boolean,
    signal: AbortSignal | undefined,
  ): Promise<number | null> {
    const { process, method, lastNoise } = this.trained;
    const noise = this.#noise(first, x.size(0));
    const order = ordered(this.options.direction, this.#grid);
    const noisy = method.predicts !== "velocity" && process.sigma > 0;
    let y = x;
    if (path) await onState(0, y);
    try {
      for (const k of order.keys()) {
        if (await interrupted(signal)) return null;
        const last = k === order.length - 1;
        const draws = noisy && !(last && !lastNoise);
        const next = noGrad(() =>
          tidy(() => this.#step(k, y, { last, given, noise: draws ? noise.next() : null }).keep()),
        );
        if (y !== x) y.dispose();
        y = next;
        if (path) await onState(k + 1, y);
      }
      if (!path) await onState(0, y);
      return order.length * x.size(0);
    } finally {
      if (y !== x) y.dispose();
    }
  }

  /** The k-th step of the method's sampler: it is run on a grid of this step alone. */
  #step(
    k: number,
    y: Tensor,
    { last, given, noise }: { last: boolean; given: Conditions | undefined; noise: Tensor | null },
  ): Tensor {
    const { direction } = this.options;
    const { process, method, parametrisation, stepVariance, lastNoise } = this.trained;
    const { time, next, dt } = ordered(direction, this.#grid)[k] as {
      time: number;
      next: number;
      dt: number;
    };
    const grid = { times: [Math.min(time, next), Math.max(time, next)], steps: [dt] };
    const net = this.networks[direction] as Network;
    const networks = { b: net, f: net };
    const kinds = kindsOf(given);
    const step = (...rows: Tensor[]) =>
      sample({ method, process, networks, parametrisation, stepVariance }, rows[0] as Tensor, {
        direction,
        grid,
        lastNoise: !last || lastNoise,
        given: conditionsIn(rows, kinds),
        ...(noise && { noise: () => rows[1] as Tensor }),
      });
    return this.#replay(`${k}/${kinds}`, step, [
      y,
      ...(noise ? [noise] : []),
      ...conditionRows(given),
    ]);
  }

  #noise(first: number, n: number): RowNoise {
    const { direction, seed, device } = this.options;
    const range = { first, n, block: this.#chunk };
    return new RowNoise(range, this.trained.shape, { seed, purpose: direction, device });
  }

  /** Methods with steps of their own are run whole, on as many rows as threads take at once: all noise is there. */
  async #runs(
    { x, first, given, onState }: Batch,
    path: boolean,
    signal: AbortSignal | undefined,
  ): Promise<number | null> {
    const n = x.size(0);
    const together = this.#chunk * this.options.threads;
    const parts: Tensor[] = [];
    try {
      for (let at = 0; at < n; at += together) {
        if (await interrupted(signal)) return null;
        const rows = Math.min(together, n - at);
        const part = noGrad(() =>
          tidy(() => {
            const told = mapConditions(given, (t) => t.narrow(0, at, rows));
            return this.#whole(x.narrow(0, at, rows), first + at, told, path).keep();
          }),
        );
        parts.push(part);
      }
      await this.#hand(parts, path ? [...this.times.keys()] : [0], onState);
      return this.#grid.steps.length * n;
    } finally {
      for (const t of parts) t.dispose();
    }
  }

  /** All steps from x at a row of the input: states [T, n, …], or [1, n, …] with the ends. */
  #whole(x: Tensor, first: number, given: Conditions | undefined, path: boolean): Tensor {
    const { direction } = this.options;
    const { process, method, parametrisation, lastNoise } = this.trained;
    const net = this.networks[direction] as Network;
    const kinds = kindsOf(given);
    const grid = this.#grid;
    const noise = this.#noise(first, x.size(0));
    const all = grid.steps.slice(lastNoise ? 0 : 1).map(() => noise.next());
    const run = (...rows: Tensor[]) => {
      const states: Tensor[] = [];
      const end = sample(
        { method, process, networks: { b: net, f: net }, parametrisation },
        rows[0] as Tensor,
        {
          direction,
          grid,
          lastNoise,
          given: conditionsIn(rows, kinds),
          noise: (_, k) => rows[1 + k] as Tensor,
          ...(path && { callback: (y: Tensor) => states.push(y) }),
        },
      );
      return stack(path ? states : [end]);
    };
    return this.#replay(`run/${path}/${kinds}`, run, [x, ...all, ...conditionRows(given)], 1);
  }

  /** Hands states on, each joined from parts [T, n, …]. */
  async #hand(
    parts: readonly Tensor[],
    wanted: readonly number[],
    onState: Batch["onState"],
  ): Promise<void> {
    for (const [i, k] of wanted.entries()) {
      const state = tidy(() => cat(parts.map((states) => states.select(0, k))).keep());
      try {
        await onState(i, state);
      } finally {
        state.dispose();
      }
    }
  }

  async #flow(
    { x, given, onState }: Batch,
    path: boolean,
    signal: AbortSignal | undefined,
  ): Promise<number | null> {
    const { solver, ode_tol, ode_step_size } = this.options;
    const n = x.size(0);
    // The fixed steps of a row are its own; dopri5's are those of all rows that it follows together.
    const together = solver === "dopri5" ? this.unit : n;
    const times = path ? this.times : [this.times[0] as number, this.times.at(-1) as number];
    const tolerance = ode_tol ?? 1e-5;
    const parts: Tensor[] = [];
    let evaluations = 0;
    try {
      for (let at = 0; at < n; at += together) {
        if (await interrupted(signal)) return null;
        const rows = Math.min(together, n - at);
        const { states, nfe } = noGrad(() =>
          tidy(() => {
            const told = mapConditions(given, (t) => t.narrow(0, at, rows));
            const flow = solveFlow(this.#field(told), x.narrow(0, at, rows), {
              solver: solver as "dopri5" | "heun" | "euler",
              times,
              rtol: tolerance,
              atol: tolerance,
              ...(ode_step_size !== null && { step_size: ode_step_size }),
            });
            return { states: flow.states.keep(), nfe: flow.nfe };
          }),
        );
        parts.push(states);
        evaluations += nfe * rows;
      }
      await this.#hand(parts, path ? [...times.keys()] : [times.length - 1], onState);
      return evaluations;
    } finally {
      for (const t of parts) t.dispose();
    }
  }

  /** The velocity of the flow, its evaluations replayed in chunks. */
  #field(given: Conditions | undefined): Field {
    const kinds = kindsOf(given);
    const told = conditionRows(given);
    const velocity = (...rows: Tensor[]) =>
      networkFlow({
        ...this.trained,
        networks: this.networks,
        given: conditionsIn(rows, kinds),
      })(rows[0] as Tensor, rows[1] as Tensor);
    return (x, t) => this.#replay(`flow/${kinds}`, velocity, [x, t, ...told]);
  }

  #replay(
    key: string,
    body: (...rows: Tensor[]) => Tensor,
    inputs: Tensor[],
    outputDim = 0,
  ): Tensor {
    let program = this.#programs.get(key);
    if (!program) {
      program = recorded(body);
      this.#programs.set(key, program);
    }
    return runChunked(program, inputs, {
      rows: this.#chunk,
      threads: this.options.threads,
      generator: this.#unread,
      inputDims: inputs.map(() => 0),
      outputDims: [outputDim],
    })[0] as Tensor;
  }
}

/** Lets signals and timers have their turn. */
async function interrupted(signal: AbortSignal | undefined): Promise<boolean> {
  await new Promise(setImmediate);
  return signal?.aborted ?? false;
}

/** Refuses a direction that was not trained, and steps that a method cannot take. */
function checkSteps(
  { models, directions, folder, method, grid }: Trained,
  { direction, steps }: Pick<SamplerOptions, "direction" | "steps">,
): void {
  const n = grid.steps.length;
  if (method.predicts === "increment" && steps !== null && steps !== n)
    throw new UsageError(
      `steps=${steps}: the networks of ${method.name} predict increments of the ${n} steps they were trained on: leave steps out${method.sampler ? "" : ", or write solver=dopri5"}`,
    );
  if (models[direction]) return;
  const never = !directions.includes(direction) && method.networks === "each";
  const has = (["b", "f"] as const).filter((d) => models[d]).join(" and ");
  throw new UsageError(
    `direction=${direction} ${never ? "is not trained by this run" : "has not been trained yet"}: ${folder} has ${has}; write direction=${direction === "b" ? "f" : "b"}${method.sampler ? "" : ", or solver=dopri5, whose probability flow runs both ways"}`,
  );
}
