import { createHash } from "node:crypto";
import {
  type Batch,
  type Conditions,
  type Direction,
  type Dynamics,
  type FlowOptions,
  type flowSolvers,
  guidedEvaluations,
  hash32,
  mapConditions,
  ordered,
  pathTo,
  planEnd,
  sample,
  type TimeGrid,
  withoutMass,
} from "@dsbm/bridge";
import { cat, type Device, noGrad, noiseAt, stack, type Tensor, tidy } from "@dsbm/torch";

interface RowRange {
  first: number;
  n: number;
}

interface NoiseOptions {
  seed: number;
  /** The key of the noise: other purposes have other streams. */
  purpose: string;
  device?: Device;
}

/** Draws for the rows of a range, one tensor [n, …] after the other, by counter (`noiseAt`). */
export class RowNoise {
  readonly #rows: RowRange;
  readonly #key: number;
  readonly #device: Device;
  #draws = 0;

  constructor(rows: RowRange, { seed, purpose, device = "cpu" }: NoiseOptions) {
    this.#rows = rows;
    this.#key = hash32(`${seed}/sample/${purpose}`);
    this.#device = device;
  }

  /** Standard normal numbers [n, …shape]. */
  normal(shape: readonly number[]): Tensor {
    const { first, n } = this.#rows;
    const offset = first * shape.reduce((a, b) => a * b, 1);
    const place = { key: this.#key, stream: this.#draws++, offset };
    return noiseAt([n, ...shape], { ...place, device: this.#device });
  }
}

export type Replay = (key: string, batch: Batch, body: (batch: Batch) => Tensor) => Tensor;

/** Options of `carry`. */
export interface CarryOptions extends FlowOptions {
  /** The method's own sampler, or a solver of its probability flow (default sde). */
  solver?: "sde" | keyof typeof flowSolvers;
  /** Default: the grid of training. */
  grid?: TimeGrid;
  /** Noise is a function of the seed and a row's index. */
  seed: number;
  /** The purpose of the noise, for its seed (default: the direction). */
  purpose?: string;
  /** The index of the first row in the whole input (default 0), a multiple of `Sampler.unit`. */
  first?: number;
  /** Whether the last step has its noise (default: yes). */
  lastNoise?: boolean;
  /** Another noise of `sde` with the same marginals, from the drifts of both directions. */
  diffusion?: number | undefined;
  /** Conditions of the rows. */
  conditions?: Conditions | undefined;
  /** Weight of the condition (default: the sampler's). */
  guidance?: number | undefined;
  /** Every state, or only the endpoint (index 0; default). */
  path?: boolean;
  /** Ends the work between two steps. */
  signal?: AbortSignal | undefined;
  /** Gets each state [n, …], which is freed afterwards. */
  onState: (k: number, state: Tensor) => void | Promise<void>;
}

/** Options of the probability flow. */
export interface FollowOptions extends FlowOptions {
  /** Default dopri5. */
  solver?: keyof typeof flowSolvers;
  /** Process times of the states (default: both ends). */
  times?: readonly number[];
  /** Conditions of the rows. */
  conditions?: Conditions | undefined;
  /** Weight of the condition (default: the sampler's). */
  guidance?: number | undefined;
}

interface CarryContext extends CarryOptions {
  direction: Direction;
  grid: TimeGrid;
  block: number;
  dynamics: Dynamics;
  replay: Replay;
  follow: (x: Tensor, options: FollowOptions) => { states: Tensor; nfe: number };
}

/** The process times of a direction's states, the start first. */
export function timesOf(direction: Direction, grid: TimeGrid): number[] {
  const start = direction === "f" ? grid.times[0] : grid.times.at(-1);
  return [start!, ...ordered(direction, grid).map(({ next }) => next)];
}

async function isInterrupted(signal: AbortSignal | undefined): Promise<boolean> {
  await new Promise(setImmediate);
  return signal?.aborted ?? false;
}

/** Steps of vectors in one program: their rows stay in the processor's cache, and few calls are made. */
const together = 8;

export function carry(x: Tensor, context: CarryContext): Promise<number | null> {
  const { solver = "sde" } = context;
  return solver === "sde" ? carrySteps(x, context) : carryFlow(x, { ...context, solver });
}

async function carrySteps(x: Tensor, context: CarryContext): Promise<number | null> {
  const { direction, grid, seed, purpose = direction, first = 0 } = context;
  const { diffusion = context.dynamics.diffusion, guidance = context.dynamics.guidance } = context;
  const dynamics = { ...context.dynamics, diffusion, guidance };
  const { conditions, lastNoise = true, path = false, signal, onState, replay } = context;
  const { method, process } = dynamics;
  const { device } = x;
  const n = x.size(0);
  const shape = x.shape.slice(1);
  const noise = new RowNoise({ first, n }, { seed, purpose, device });
  const steps = grid.steps.length;
  const isPlan = method.plan !== undefined;
  const draws = (k: number) =>
    method.predicts !== "velocity" &&
    (method.sampler !== undefined || (diffusion ?? process.sigma) > 0) &&
    (k < steps - 1 || (lastNoise && !isPlan));
  // The times themselves would be a long text for each step.
  const gridKey = createHash("sha256").update(Float64Array.from(grid.times)).digest("hex");
  let end: Tensor | null = null;
  /** The states after some steps, [n, k, …]; without `path` the last one alone. */
  const take = (steps: readonly number[], y: Tensor): Tensor => {
    const draw = (k: number) => [`z${k}`, draws(k) ? noise.normal(shape) : undefined] as const;
    const batch: Batch = {
      y,
      ...Object.fromEntries(steps.map(draw)),
      ...(end ? { end } : { conditions }),
    };
    const key = `steps/${end !== null}/${direction}/${steps}/${path}/${gridKey}/${lastNoise}/${diffusion}/${guidance}`;
    return replay(key, batch, (rows) => {
      const states: Tensor[] = [];
      for (const k of steps) {
        const from = states.at(-1) ?? (rows.y as Tensor);
        const stepNoise = rows[`z${k}`] as Tensor | undefined;
        const drawn = stepNoise && method.mass ? withoutMass(stepNoise) : stepNoise;
        const taken = { direction, grid, only: k, lastNoise, ...(drawn && { noise: () => drawn }) };
        states.push(
          rows.end
            ? pathTo(rows.end as Tensor, from, { process, ...taken })
            : sample(dynamics, from, { ...taken, conditions: rows.conditions }),
        );
      }
      return stack(path ? states : states.slice(-1), { dim: 1 });
    });
  };
  const each = x.ndim === 2 ? together : 1;
  let y = x;
  if (path) await onState(0, y);
  try {
    if (isPlan) {
      if (await isInterrupted(signal)) return null;
      const z = noise.normal(shape);
      end = tidy(() =>
        replay(`plan/${direction}`, { x, z, conditions }, (batch) =>
          planEnd(dynamics, batch.x as Tensor, {
            direction,
            conditions: batch.conditions,
            z: batch.z as Tensor,
          }),
        ).keep(),
      );
      z.dispose();
    }
    // Changed noise needs the drifts of both directions.
    const asked = guidedEvaluations(guidance) * (diffusion === undefined ? 1 : 2);
    const evaluations = isPlan ? 1 : steps * asked;
    if (isPlan && !path) {
      await onState(0, end!);
      return evaluations * n;
    }
    for (let k = 0; k < steps; k += each) {
      if (await isInterrupted(signal)) return null;
      const from = y;
      const some = Array.from({ length: Math.min(each, steps - k) }, (_, i) => k + i);
      const states = tidy(() => {
        const all = take(some, from);
        return Array.from({ length: all.size(1) }, (_, i) => all.select(1, i).contiguous().keep());
      });
      if (y !== x) y.dispose();
      y = states.at(-1)!;
      try {
        for (const [i, state] of path ? states.entries() : []) {
          if (signal?.aborted) return null;
          await onState(k + 1 + i, state);
        }
      } finally {
        for (const state of states) if (state !== y) state.dispose();
      }
    }
    if (!path) await onState(0, y);
    return evaluations * n;
  } finally {
    if (y !== x) y.dispose();
    end?.dispose();
  }
}

async function carryFlow(
  x: Tensor,
  { solver, direction, ...context }: CarryContext & { solver: keyof typeof flowSolvers },
): Promise<number | null> {
  const { grid, conditions, path = false, signal, onState, follow, block, ...options } = context;
  const n = x.size(0);
  const stops = timesOf(direction, grid);
  const times = path ? stops : [stops[0], stops.at(-1)!];
  // Fixed steps belong to a row; dopri5 chooses steps for the rows of one system.
  const together = solver === "dopri5" ? 8 * block : n;
  const parts: Tensor[] = [];
  let evaluations = 0;
  try {
    for (let at = 0; at < n; at += together) {
      if (await isInterrupted(signal)) return null;
      const rows = Math.min(together, n - at);
      const cut = (t: Tensor) => t.narrow(0, at, rows);
      const { states, nfe } = noGrad(() =>
        tidy(() => {
          const flowOptions = { solver, times, conditions: mapConditions(conditions, cut) };
          const flow = follow(cut(x), { ...options, ...flowOptions });
          return { states: flow.states.keep(), nfe: flow.nfe };
        }),
      );
      parts.push(states);
      evaluations += nfe * rows;
    }
    const indices = path ? [...times.keys()] : [times.length - 1];
    for (const [i, k] of indices.entries()) {
      const state = tidy(() => cat(parts.map((states) => states.select(0, k))).keep());
      try {
        await onState(i, state);
      } finally {
        state.dispose();
      }
    }
    return evaluations;
  } finally {
    for (const t of parts) t.dispose();
  }
}
