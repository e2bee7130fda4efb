// Batches of an input carried from one end of a trained bridge to the other, as the keys of `dsbm sample` say.
import { type Conditions, type Direction, ordered, resample } from "@dsbm/bridge";
import type { SampleConfig } from "@dsbm/config";
import type { Tensor } from "@dsbm/torch";
import type { Sampler } from "@dsbm/train";
import { UsageError } from "../terminal/errors.js";
import type { Trained } from "./trained.js";

/** Rows of one batch. */
interface InputBatch {
  /** The starts, [n, …]. */
  x: Tensor;
  /** The place of the first row in the whole input, a multiple of the carrier's `unit`. */
  first: number;
  /** Conditions, a row for each sample. */
  given?: Conditions | undefined;
  /** Called, and waited for, with each wanted state: index, and the state [n, …], which is freed afterwards. */
  onState: (k: number, state: Tensor) => void | Promise<void>;
}

export interface Carrier {
  /** Batches begin at multiples of so many rows: the results are then the same however the input is cut. */
  readonly unit: number;
  /** Process times of the states of a path, in their order. */
  readonly times: readonly number[];
  /** Evaluations of the networks, summed over the rows; null where `signal` was aborted. */
  carry(
    batch: InputBatch,
    options?: { path?: boolean; signal?: AbortSignal | undefined },
  ): Promise<number | null>;
}

type CarrierKeys = Pick<
  SampleConfig,
  "direction" | "solver" | "steps" | "ode_tol" | "ode_step_size" | "seed"
>;

/** Throws a UsageError for a direction that was not trained yet, and for steps that the method cannot take. */
export function createCarrier(trained: Trained, sampler: Sampler, keys: CarrierKeys): Carrier {
  const { direction, solver, steps, ode_tol, ode_step_size, seed } = keys;
  const { method, lastNoise } = trained;
  if (solver === "sde") checkSteps(trained, { direction, steps });
  else if (method.sampler)
    throw new UsageError(
      `solver=${solver}: ${method.name} of images has steps of its own and no probability flow: write solver=sde`,
    );
  const grid =
    steps === null || steps === trained.grid.steps.length
      ? trained.grid
      : resample(trained.grid, steps);
  const order = ordered(direction, grid);
  const tolerance = ode_tol ?? 1e-5;
  const flow = {
    ...{ rtol: tolerance, atol: tolerance },
    ...(ode_step_size !== null && { step_size: ode_step_size }),
  };
  return {
    unit: sampler.unit(solver),
    times: [order[0]?.time ?? 0, ...order.map(({ next }) => next)],
    carry: ({ x, ...batch }, { path = false, signal } = {}) =>
      sampler.carry(direction, x, {
        ...{ ...batch, ...flow, solver, grid, seed, lastNoise, path, signal },
      }),
  };
}

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
