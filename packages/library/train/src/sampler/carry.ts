// Samples carried from one end to the other: step by step of the method's own sampler, or along the probability flow.
import { createHash } from "node:crypto";
import {
  type Batch,
  type Conditions,
  type Direction,
  type Dynamics,
  type FlowOptions,
  type flowSolvers,
  guidedEvaluations,
  mapConditions,
  ordered,
  pathTo,
  planEnd,
  sample,
  type TimeGrid,
} from "@dsbm/bridge";
import { cat, noGrad, type Tensor, tidy } from "@dsbm/torch";
import { RowNoise } from "./row-noise.js";

export type Replay = (key: string, batch: Batch, body: (batch: Batch) => Tensor) => Tensor;

export interface CarryOptions extends FlowOptions {
  /** The method's own sampler, or a solver of its probability flow (default sde). */
  solver?: "sde" | keyof typeof flowSolvers;
  /** Default: the grid of training. */
  grid?: TimeGrid;
  seed: number;
  /** What the noise is for (default: the direction). */
  purpose?: string;
  /** The place of the first row in the whole input (default 0), a multiple of `Sampler.unit`. */
  first?: number;
  /** Whether the last step has its noise (default: yes). */
  lastNoise?: boolean;
  /** Another noise of `sde` with the same marginals, from the drifts of both directions. */
  diffusion?: number | undefined;
  given?: Conditions | undefined;
  /** How much the condition counts (default: the sampler's). */
  guidance?: number | undefined;
  /** Every state, or only the endpoint (index 0; default). */
  path?: boolean;
  signal?: AbortSignal | undefined;
  /** Gets each state [n, …], which is freed afterwards. */
  onState: (k: number, state: Tensor) => void | Promise<void>;
}

export interface FollowOptions extends FlowOptions {
  solver?: keyof typeof flowSolvers;
  /** Process times of the states (default: both ends). */
  times?: readonly number[];
  given?: Conditions | undefined;
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
  return [start as number, ...ordered(direction, grid).map(({ next }) => next)];
}

async function isInterrupted(signal: AbortSignal | undefined): Promise<boolean> {
  await new Promise(setImmediate);
  return signal?.aborted ?? false;
}

export function carry(x: Tensor, context: CarryContext): Promise<number | null> {
  const { solver = "sde" } = context;
  return solver === "sde" ? carrySteps(x, context) : carryFlow(x, { ...context, solver });
}

async function carrySteps(x: Tensor, context: CarryContext): Promise<number | null> {
  const { direction, grid, seed, purpose = direction, first = 0 } = context;
  const { diffusion = context.dynamics.diffusion, guidance = context.dynamics.guidance } = context;
  const dynamics = { ...context.dynamics, diffusion, guidance };
  const { given, lastNoise = true, path = false, signal, onState, replay } = context;
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
  const step = (k: number, y: Tensor): Tensor => {
    const z = draws(k) ? noise.normal(shape) : undefined;
    const taken = (batch: Batch) => {
      const own = batch.z as Tensor | undefined;
      return { direction, grid, only: k, lastNoise, ...(own && { noise: () => own }) };
    };
    const key = `step/${direction}/${k}/${gridKey}/${lastNoise}/${diffusion}/${guidance}`;
    if (end)
      return replay(`to-${key}`, { y, z, end }, (batch) =>
        pathTo(batch.end as Tensor, batch.y as Tensor, { process, ...taken(batch) }),
      );
    return replay(key, { y, z, given }, (batch) =>
      sample(dynamics, batch.y as Tensor, { ...taken(batch), given: batch.given }),
    );
  };
  let y = x;
  if (path) await onState(0, y);
  try {
    if (isPlan) {
      if (await isInterrupted(signal)) return null;
      const z = noise.normal(shape);
      end = tidy(() =>
        replay(`plan/${direction}`, { x, z, given }, (batch) =>
          planEnd(dynamics, batch.x as Tensor, {
            direction,
            given: batch.given,
            z: batch.z as Tensor,
          }),
        ).keep(),
      );
      z.dispose();
    }
    // Another noise asks the drifts of both directions.
    const each = guidedEvaluations(guidance) * (diffusion === undefined ? 1 : 2);
    const evaluations = isPlan ? 1 : steps * each;
    if (isPlan && !path) {
      await onState(0, end as Tensor);
      return evaluations * n;
    }
    for (let k = 0; k < steps; k++) {
      if (await isInterrupted(signal)) return null;
      const from = y;
      const next = tidy(() => step(k, from).keep());
      if (y !== x) y.dispose();
      y = next;
      if (path) await onState(k + 1, y);
    }
    if (!path) await onState(0, y);
    return evaluations * n;
  } finally {
    if (y !== x) y.dispose();
    (end as Tensor | null)?.dispose();
  }
}

async function carryFlow(
  x: Tensor,
  { solver, direction, ...context }: CarryContext & { solver: keyof typeof flowSolvers },
): Promise<number | null> {
  const { grid, given, path = false, signal, onState, follow, block, ...options } = context;
  const n = x.size(0);
  const stops = timesOf(direction, grid);
  const times = path ? stops : [stops[0] as number, stops.at(-1) as number];
  // The fixed steps of a row are its own; those of dopri5 are chosen for the rows of one system.
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
          const own = { solver, times, given: mapConditions(given, cut) };
          const flow = follow(cut(x), { ...options, ...own });
          return { states: flow.states.keep(), nfe: flow.nfe };
        }),
      );
      parts.push(states);
      evaluations += nfe * rows;
    }
    const wanted = path ? [...times.keys()] : [times.length - 1];
    for (const [i, k] of wanted.entries()) {
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
