// Diffusion Schrödinger bridge (De Bortoli et al. 2021): IPF on the increments of simulated paths, which include Δt.
import { full, randint, randn, stack, type Tensor } from "@dsbm/torch";
import type { Batch } from "../core/batch.js";
import { conditionsAt } from "../core/conditions.js";
import { type Direction, oppositeDirection, sourceOf } from "../core/direction.js";
import type { TimeGrid } from "../core/time-grid.js";
import { type Field, solverSteps } from "../solver/solver.js";
import type { Method } from "./method.js";
import { outputOptions, pairOptions, timeOptions } from "./options.js";

/** Rows of a regression on increments. */
export interface IncrementRows extends Batch {
  /** States [B, …]. */
  readonly x: Tensor;
  /** Times [B]. */
  readonly t: Tensor;
  /** Increments [B, …]. */
  readonly target: Tensor;
}

interface IncrementOptions {
  direction: Direction;
  grid: TimeGrid;
  sigma: number;
  noise?: (x: Tensor, step: number) => Tensor;
  /** The step that each path keeps, [B] int64 (default: random). */
  steps?: Tensor;
}

/**
 * Runs z_{k+1} = z_k + net(z_k, t_k) + σ√Δt ε (noise alone without a net) and keeps one random step a path:
 * z_{k+1} [B, …], its time [B], and the target −net(z_{k+1}, t_k) − σ√Δt ε (De Bortoli et al. 2021, eq. 12 in
 * increments).
 */
export function incrementTuples(
  net: Field | null,
  start: Tensor,
  {
    direction,
    grid,
    sigma,
    noise = (x) => randn(x.shape, { device: x.device }),
    steps,
  }: IncrementOptions,
): { x: Tensor; t: Tensor; target: Tensor } {
  const batch = start.size(0);
  const at = (time: number) => full([batch], time, { device: start.device });
  const states: Tensor[] = [];
  const targets: Tensor[] = [];
  const times: Tensor[] = [];
  let z = start;
  for (const [k, { time, next, dt }] of solverSteps(direction, grid).entries()) {
    const dz = noise(z, k).mul(sigma * Math.sqrt(dt));
    z = (net ? z.add(net(z, at(time))) : z).add(dz);
    targets.push((net ? net(z, at(time)).add(dz) : dz).neg());
    states.push(z);
    times.push(at(next));
  }
  const chosen = steps ?? randint(0, grid.steps.length, [batch], { device: start.device });
  const pick = (list: Tensor[]) => {
    const all = stack(list);
    const index = chosen.reshape([1, batch, ...Array.from({ length: all.ndim - 2 }, () => 1)]);
    return all.gather(0, index.expand([1, ...all.shape.slice(1)])).squeeze(0);
  };
  return { x: pick(states), t: pick(times), target: pick(targets) };
}

/**
 * DSB by iterative proportional fitting, with networks that predict the increments of steps (De Bortoli et al. 2021).
 */
export const dsb_increments = {
  name: "dsb_increments",
  title: "diffusion Schrödinger bridge by increments",
  predicts: "increment",
  networks: "each",
  eps: 0,
  takes: {
    ignored: [...outputOptions, ...pairOptions],
    unused: [...timeOptions, "loss_scale"],
  },
  rows: {
    pairs: false,
    runs: { perRun: 1, names: ["x", "t", "target"], rows: incrementTuples },
    make({ direction, newest, data, simulateRuns }) {
      const from = sourceOf(newest ?? oppositeDirection(direction));
      const conditions = conditionsAt(data.conditions, from)?.values;
      const { x, t, target } = simulateRuns(newest, data[from], conditions) as ReturnType<
        typeof incrementTuples
      >;
      return { x, t, target, conditions };
    },
  },
  regression: ({ x, t, target }) => ({ x, t, target }),
} satisfies Method<IncrementRows>;
