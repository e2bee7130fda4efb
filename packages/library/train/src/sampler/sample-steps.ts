// Samples step by step, by the method's own sampler or from its plan, in memory for a state or two.
import { createHash } from "node:crypto";
import {
  type Batch,
  bridgePath,
  type Direction,
  type Dynamics,
  driftOf,
  guidedEvaluations,
  oneTime,
  planEnd,
  sample,
  solverSteps,
  splitMass,
  type TimeGrid,
  withoutMass,
} from "@dsbm/bridge";
import { stack, type Tensor, tidy } from "@dsbm/torch";
import { isInterrupted, type SamplingOptions } from "./options.js";
import { RowNoise } from "./row-noise.js";

/** Calls a recorded program of `body` for the rows of a batch; each of its `outputs` is [n, …]. */
type Replay = (
  key: string,
  batch: Batch,
  body: (batch: Batch) => Tensor[],
  outputs: number,
) => Tensor[];

/** The options of steps with the facts of their sampler. */
export interface SampleStepContext extends SamplingOptions {
  direction: Direction;
  grid: TimeGrid;
  dynamics: Dynamics;
  replay: Replay;
}

/** Steps of vectors in one program: their rows stay in the processor's cache, and few calls are made. */
const vectorSteps = 8;

/** Samples x [n, …] by steps. Returns the network evaluations, summed over rows; null if aborted. */
export async function sampleSteps(x: Tensor, context: SampleStepContext): Promise<number | null> {
  const { grid, path = false, signal, onState } = context;
  const { diffusion = context.dynamics.diffusion, guidance = context.dynamics.guidance } = context;
  const { method } = context.dynamics;
  const steps = grid.steps.length;
  const isPlan = method.plan !== undefined;
  // Changed noise needs the drifts of both directions.
  const perStep = guidedEvaluations(guidance) * (diffusion === undefined ? 1 : 2);
  const evaluations = (isPlan ? 1 : steps * perStep) * x.size(0);
  const stepper = new Stepper(x, { ...context, diffusion, guidance });
  if (path) await onState(0, x, null);
  try {
    if (isPlan) {
      if (await isInterrupted(signal)) return null;
      stepper.drawEnd();
      if (!path) {
        await onState(0, stepper.end!, null);
        return evaluations;
      }
    }
    const stride = x.ndim === 2 ? vectorSteps : 1;
    for (let k = 0; k < steps; k += stride) {
      if (await isInterrupted(signal)) return null;
      const taken = Array.from({ length: Math.min(stride, steps - k) }, (_, i) => k + i);
      const states = stepper.advance(taken);
      if (path && !(await passStates(states, k + 1, context))) return null;
    }
    if (!path) await onState(0, stepper.state, null);
    return evaluations;
  } finally {
    stepper.dispose();
  }
}

/** A state [n, …], and the energies [n] of the step before it. */
interface StepState {
  state: Tensor;
  energies: Tensor | null;
}

/** Awaits `onState` with each state and frees all but the last. Returns false if `signal` was aborted. */
async function passStates(
  states: readonly StepState[],
  first: number,
  { signal, onState }: SamplingOptions,
): Promise<boolean> {
  try {
    for (const [i, { state, energies }] of states.entries()) {
      if (signal?.aborted) return false;
      await onState(first + i, state, energies);
    }
    return true;
  } finally {
    for (const { state } of states.slice(0, -1)) state.dispose();
    for (const { energies } of states) energies?.dispose();
  }
}

/** The state of samples between two programs of steps. */
class Stepper {
  readonly #x: Tensor;
  readonly #context: SampleStepContext;
  readonly #dynamics: Dynamics;
  readonly #noise: RowNoise;
  readonly #shape: readonly number[];
  // The times themselves would be a long text for each step.
  readonly #gridKey: string;
  /** The present state [n, …]. */
  state: Tensor;
  /** The endpoint [n, …] drawn from the method's plan. */
  end: Tensor | null = null;

  constructor(x: Tensor, context: SampleStepContext) {
    const { direction, grid, seed, purpose = direction, first = 0 } = context;
    const { diffusion, guidance } = context;
    this.#x = x;
    this.#context = context;
    this.#dynamics = { ...context.dynamics, diffusion, guidance };
    this.#shape = x.shape.slice(1);
    this.#noise = new RowNoise({ first, n: x.size(0) }, { seed, purpose, device: x.device });
    // Equal intervals of a chain differ by rounding only: they share their programs.
    this.#gridKey = createHash("sha256").update(Float32Array.from(grid.times)).digest("hex");
    this.state = x;
  }

  /** Draws the endpoint from the method's plan. */
  drawEnd(): void {
    const { direction, conditions, replay } = this.#context;
    const x = this.#x;
    const z = this.#noise.normal(this.#shape);
    const draw = (batch: Batch) =>
      planEnd(this.#dynamics, batch.x as Tensor, {
        direction,
        conditions: batch.conditions,
        z: batch.z as Tensor,
      });
    this.end = tidy(() =>
      replay(`plan/${direction}`, { x, z, conditions }, (batch) => [draw(batch)], 1)[0].keep(),
    );
    z.dispose();
  }

  /** Takes steps in one program. Returns their states; without `path` the last one alone. */
  advance(steps: readonly number[]): StepState[] {
    const states = tidy(() => {
      const { states: all, energies } = this.#advance(steps, this.state);
      const at = (t: Tensor, i: number) => t.select(1, i).contiguous().keep();
      return Array.from({ length: all.size(1) }, (_, i) => ({
        state: at(all, i),
        energies: energies ? at(energies, i) : null,
      }));
    });
    if (this.state !== this.#x) this.state.dispose();
    this.state = states.at(-1)!.state;
    return states;
  }

  #drawsNoise(k: number): boolean {
    const { grid, lastNoise = true } = this.#context;
    const { method, process, diffusion } = this.#dynamics;
    if (method.drawsTwice) return true;
    return (
      method.predicts !== "velocity" &&
      (method.sampler !== undefined || (diffusion ?? process.sigma) > 0) &&
      (k < grid.steps.length - 1 || (lastNoise && method.plan === undefined))
    );
  }

  /** The states after some steps, [n, k, …], and their energies [n, k]; without `path` the last state alone. */
  #advance(steps: readonly number[], y: Tensor): { states: Tensor; energies: Tensor | undefined } {
    const { direction, lastNoise = true, conditions, path = false, replay } = this.#context;
    const hasEnergies = path && this.#context.energies === true;
    const { method, diffusion, guidance } = this.#dynamics;
    const { end } = this;
    const [channels = 1, ...pixels] = this.#shape;
    const shape = method.drawsTwice ? [2 * channels, ...pixels] : this.#shape;
    const draw = (k: number) =>
      [`z${k}`, this.#drawsNoise(k) ? this.#noise.normal(shape) : undefined] as const;
    const batch: Batch = {
      y,
      ...Object.fromEntries(steps.map(draw)),
      ...(end && { end }),
      ...((!end || hasEnergies) && { conditions }),
    };
    const key = `steps/${end !== null}/${direction}/${steps}/${path}/${hasEnergies}/${this.#gridKey}/${lastNoise}/${diffusion}/${guidance}`;
    const advance = (rows: Batch) => {
      const states: Tensor[] = [];
      const energies: Tensor[] = [];
      for (const k of steps) {
        const from = states.at(-1) ?? (rows.y as Tensor);
        const stepNoise = rows[`z${k}`] as Tensor | undefined;
        const noise = stepNoise && method.mass ? withoutMass(stepNoise) : stepNoise;
        const step = this.#step(k, from, { rows, noise, hasEnergies });
        states.push(step.state);
        if (step.energies) energies.push(step.energies);
      }
      const all = [stack(path ? states : states.slice(-1), { dim: 1 })];
      return hasEnergies ? [...all, stack(energies, { dim: 1 })] : all;
    };
    const [states, energies] = replay(key, batch, advance, hasEnergies ? 2 : 1);
    return { states, energies };
  }

  /** Step k from a state [n, …] of rows. */
  #step(
    k: number,
    from: Tensor,
    { rows, noise, hasEnergies }: { rows: Batch; noise: Tensor | undefined; hasEnergies: boolean },
  ): StepState {
    const { direction, grid, lastNoise = true } = this.#context;
    const { process } = this.#dynamics;
    const { conditions } = rows;
    const taken = { direction, grid, only: k, lastNoise, ...(noise && { noise: () => noise }) };
    const { dt, time } = solverSteps(direction, grid, k)[0];
    const shown: Tensor[] = [];
    const show = (drift: Tensor) => shown.push(this.#energiesOf(drift, dt));
    const state = rows.end
      ? bridgePath(rows.end as Tensor, from, { process, ...taken })
      : sample(this.#dynamics, from, {
          ...taken,
          conditions,
          ...(hasEnergies && { onDrift: show }),
        });
    // A step to a drawn endpoint has no drift of the method, and the first of two drifts is of the step's start.
    if (hasEnergies && shown.length === 0)
      show(driftOf(this.#dynamics, { direction, grid, conditions })(from, oneTime(from, time)));
    for (const other of shown.slice(1)) other.dispose();
    return { state, energies: shown[0] ?? null };
  }

  /** |drift|²dt [n] of a drift [n, …] without its mass, float64; it outlives the step. */
  #energiesOf(drift: Tensor, dt: number): Tensor {
    return tidy(() => {
      const moved = this.#dynamics.method.mass ? splitMass(drift).x : drift;
      return moved.flatten({ startDim: 1 }).to("float64").square().sum(1).mul(dt).keep();
    });
  }

  dispose(): void {
    if (this.state !== this.#x) this.state.dispose();
    this.end?.dispose();
  }
}
