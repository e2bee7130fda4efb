// What a method is: facts about its networks and sampler, the rows it trains on, and the regression that it
// solves. The driver reads these and never asks for a name.
import type { Generator, Tensor } from "@dsbm/torch";
import {
  type ConditionKind,
  type Conditions,
  conditionRows,
  conditionsIn,
} from "../core/conditions.js";
import type { Direction, End } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import type { DrawRows } from "../core/random.js";
import type { TimeGrid } from "../core/time-grid.js";
import type { BatchCoupling, Pairs, Simulate } from "../coupling/coupling.js";
import type { Matching } from "../coupling/matching.js";
import type { LangevinRun } from "../langevin/run.js";
import type { ReferenceProcess } from "../process/process.js";
import type { Field } from "../solver/solver.js";

/** What a method may use to make the rows of an epoch. */
export interface EpochContext {
  /** The direction being trained. */
  direction: Direction;
  /** The direction trained before, whose network is the newest; null at the very first. */
  newest: Direction | null;
  data: Endpoints;
  process: ReferenceProcess;
  firstCoupling: "ref" | "ind";
  /** Where independent pairs are to share their conditions. */
  matching?: Matching | null;
  generator: Generator;
  /** How random numbers are drawn for the rows of `data`, of which some may be elsewhere (default: all are here). */
  forRows?: DrawRows;
  simulate: Simulate;
  /** DSB: states, times and targets along runs of the newest direction (or of pure noise). */
  simulateIncrements: (direction: Direction | null, start: Tensor, given?: Conditions) => Tensor[];
}

/** What the network is asked, and what it should answer. */
export interface Regression {
  x: Tensor;
  t: Tensor;
  target: Tensor;
  /** What prediction and target are multiplied by, [B], where rows count differently. */
  weight?: Tensor | undefined;
}

/** How a method with steps of its own is simulated, in the place of a solver. */
export interface StepSampler {
  /** Rows that one run gives. */
  readonly rowsPerRun: number;
  /** From x [B, …] to the end of a direction. Throws a BridgeError for a grid of another number of steps. */
  sample(net: Field, x: Tensor, options: LangevinRun & { grid: TimeGrid }): Tensor;
  /** What the other direction learns from runs: points and targets, both [B, rowsPerRun, …]. */
  tuples(net: Field, x: Tensor, options: LangevinRun): [Tensor, Tensor];
}

export interface Method {
  readonly name: string;
  /** `drift`: SDE with the network as drift; `increment`: SDE whose network includes Δt; `velocity`: ODE. */
  readonly predicts: "drift" | "increment" | "velocity";
  /** One network for each direction, or one field for both. */
  readonly networks: "each" | "shared";
  /** Whether each half-iteration starts a new optimiser. */
  readonly optimizer: "renewed" | "kept";
  /** Default margin eps of the training times U[eps, 1 − eps]. */
  readonly eps: number;
  /** Whether the rows are pairs of the ends, which a batch coupling may rearrange. */
  readonly pairs: boolean;
  /** Steps of its own, where the method is not followed by a solver. */
  readonly sampler?: StepSampler;
  /** The batch coupling that belongs to the method, if any. */
  readonly coupling?: (process: ReferenceProcess) => BatchCoupling;
  /** The rows of one epoch: tensors of one length. */
  epoch(context: EpochContext): Tensor[];
  /** The regression for rows [B, …]; random numbers are drawn here, so that it can be recorded. */
  regression(
    rows: Tensor[],
    context: {
      direction: Direction;
      process: ReferenceProcess;
      t: Tensor;
      /** The target is the end itself instead of the drift. */
      meanMatch: boolean;
      noise: (like: Tensor) => Tensor;
    },
  ): Regression;
}

/** Rows of pairs, in the order in which `regression` takes them; conditions stand behind. */
export function asRows({ x0, x1, conditions }: Pairs): Tensor[] {
  return [x0, x1, ...conditionRows(conditions?.values)];
}

/** Pairs of rows; of the conditions behind them, those of `which`, which came with the end `of`. */
export function asPairs(
  rows: readonly Tensor[],
  { of, which }: { of: End; which: readonly ConditionKind[] } = { of: "x0", which: [] },
): Pairs {
  const [x0, x1] = rows as [Tensor, Tensor];
  const values = conditionsIn(rows, which);
  return { x0, x1, conditions: values && { of, values } };
}
