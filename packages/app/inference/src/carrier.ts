// Samples carried from one end of a trained bridge to the other, a batch in memory at a time.
import { type Conditions, type Direction, mapConditions, ordered } from "@dsbm/bridge";
import type { SampleConfig } from "@dsbm/config";
import { UsageError } from "@dsbm/config";
import type { Progress } from "@dsbm/runs";
import type { Device, Tensor } from "@dsbm/torch";
import type { Sampler } from "@dsbm/train";
import { gridOf } from "./grid.js";
import { type Trained, usualDirection } from "./trained.js";

/** Where starts come from and states go to, by rows. What `x` and `given` return is freed by the carrier. */
interface CarryRequest {
  /** Samples in all; null where `x` tells their end. */
  n: number | null;
  /** The starts of rows [first, first + count); fewer, or null, at the end. */
  x(first: number, count: number): Tensor | null | Promise<Tensor | null>;
  /** Their conditions. */
  given(first: number, count: number): Conditions | undefined;
  /** Awaited for each state k (0 without a path) of the rows from `first` on; the state is freed afterwards. */
  put(state: Tensor, at: { k: number; first: number }): void | Promise<void>;
  progress?: Progress;
  signal?: AbortSignal | undefined;
}

export interface Carrier {
  readonly direction: Direction;
  /** Process times of the states of a path, in their order. */
  readonly times: readonly number[];
  /** Carries all rows; evaluations of the networks a sample on average, or null where `signal` was aborted. */
  carry(request: CarryRequest): Promise<number | null>;
}

/** Throws a UsageError for a direction that was not trained yet, and for steps that the method cannot take. */
export function createCarrier(
  trained: Trained,
  sampler: Sampler,
  { config, device }: { config: SampleConfig; device: Device },
): Carrier {
  const { solver, steps, diffusion, guidance, ode_tol, ode_step_size, seed, path } = config;
  const direction = config.direction ?? usualDirection(trained);
  const { method, lastNoise } = trained;
  if (solver === "sde") checkSteps(trained, { direction, steps });
  else if (method.sampler)
    throw new UsageError(
      `solver=${solver}: ${method.name} of images has steps of its own and no probability flow: write solver=sde`,
    );
  if (diffusion !== null) checkDiffusion(trained, diffusion);
  if (guidance !== 1) checkGuidance(trained, guidance);
  const grid = gridOf(trained.grid, steps ?? trained.grid.steps.length, trained.chain);
  const order = ordered(direction, grid);
  const tolerance = ode_tol ?? 1e-5;
  const options = {
    ...{ solver, grid, seed, lastNoise, path, rtol: tolerance, atol: tolerance },
    ...(ode_step_size !== null && { step_size: ode_step_size }),
    ...(diffusion !== null && { diffusion }),
    ...(guidance !== 1 && { guidance }),
  };
  const times = [order[0]?.time ?? 0, ...order.map(({ next }) => next)];
  // Batches of whole units: the results do not depend on how the input is cut.
  const unit = sampler.unit(solver);
  const wanted = config.batch_size ?? usualBatch(trained.shape, path ? times.length : 1);
  const rows = Math.ceil(wanted / unit) * unit;
  return {
    ...{ direction, times },
    async carry({ n, x, given, put, progress, signal }) {
      const began = performance.now();
      let evaluations = 0;
      let first = 0;
      while (n === null || first < n) {
        const rate = (1000 * first) / (performance.now() - began);
        progress?.update({
          ...{ label: `sampling ${direction}`, step: first, rate },
          ...(n !== null && { steps: n }),
        });
        const asked = n === null ? rows : Math.min(rows, n - first);
        const start = await x(first, asked);
        if (start === null) break;
        const count = start.size(0);
        const begin = first;
        const own: Tensor[] = [];
        const moved = (t: Tensor) => {
          const there = t.to({ device }).keep();
          own.push(there);
          t.dispose();
          return there;
        };
        try {
          const found = await sampler.carry(direction, moved(start), {
            ...{ ...options, first, signal, given: mapConditions(given(first, count), moved) },
            onState: (k, state) => put(state, { k, first: begin }),
          });
          if (found === null) return null;
          evaluations += found;
        } finally {
          for (const t of own) t.dispose();
        }
        first += count;
        if (count < asked) break;
      }
      return evaluations / Math.max(first, 1);
    },
  };
}

/** Refuses guidance by networks that never went without their condition. */
export function checkGuidance({ config, folder, method }: Trained, guidance: number): void {
  if (config.condition_dropout > 0 && !method.sampler) return;
  const cure = method.sampler
    ? `${method.name} has steps of its own: leave guidance out`
    : "its networks always had their condition: leave guidance out, or train with condition_dropout=0.1";
  throw new UsageError(`guidance=${guidance} does not apply to ${folder}: ${cure}`);
}

/** Rows of a batch: images by the hundred, and of vectors as many as have so many numbers in all. */
const usualBatch = (shape: readonly number[], states: number): number =>
  shape.length > 1 ? 100 : Math.min(20_000, Math.ceil(2 ** 22 / ((shape[0] as number) * states)));

/** Refuses a direction that was not trained, and steps that a method cannot take. */
function checkSteps(
  { models, directions, folder, method, grid }: Trained,
  { direction, steps }: { direction: Direction; steps: number | null },
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

/** Refuses another noise where there are no drifts of both directions, whose sum is the score. */
export function checkDiffusion({ models, folder, method }: Trained, diffusion: number): void {
  if (method.predicts !== "drift" || method.plan)
    throw new UsageError(
      `diffusion=${diffusion}: ${method.name} follows no drift with noise: leave diffusion out`,
    );
  const missing = (["b", "f"] as const).find((d) => !models[d]);
  if (missing)
    throw new UsageError(
      `diffusion=${diffusion} needs the drifts of both directions, and ${folder} has no weights of ${missing} yet: leave diffusion out, or train that direction`,
    );
}
