// What a method is: facts about its networks and its sampler, and up to four functions. The driver reads these and never
// tests a name. A method makes rows and either regresses on them, has a loss of its own, or fits a closed form.
import type { Generator, Tensor } from "@dsbm/torch";
import type { Batch, Pairs } from "../core/batch.js";
import type { Conditions } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import type { Chain, Endpoints } from "../core/endpoints.js";
import type { Network } from "../core/network.js";
import type { DrawRows } from "../core/random.js";
import type { BatchCoupling, Simulate } from "../coupling/coupling.js";
import type { Matching } from "../coupling/matching.js";
import type { ConditionKind } from "../model/condition.js";
import type { ReferenceProcess } from "../process/process.js";
import type { Field, SolveOptions } from "../solver/solver.js";

/** The pairs of the first pass: of the reference process, independent, or each sample with itself. */
export type FirstCoupling = "ref" | "ind" | "identity";

/** What a method may use to make rows. */
export interface RowsContext {
  /** The direction being trained. */
  direction: Direction;
  /** The direction trained before, whose network is the newest; null in the first pass. */
  newest: Direction | null;
  data: Endpoints;
  process: ReferenceProcess;
  firstCoupling: FirstCoupling;
  /** Where independent pairs are to share their conditions. */
  matching?: Matching | null;
  generator: Generator;
  /** How random numbers are drawn for the rows of `data`, which may be a part of a batch (default: all of it). */
  forRows?: DrawRows;
  /** Ends of runs with the newest weights (their average, if there is one). */
  simulate: Simulate;
  /** The rows that `runs` makes along simulations of a direction (null: of the reference process). */
  simulateRuns: (
    direction: Direction | null,
    start: Tensor,
    given?: Conditions,
  ) => Record<string, Tensor>;
}

/** What a training step gives to `regression` and `loss`; everything random comes from here, so that it can be recorded. */
export interface StepContext {
  direction: Direction;
  process: ReferenceProcess;
  /** A time for each row of the batch, [B]. */
  t: Tensor;
  /** The target is the end itself instead of the drift. */
  meanMatch: boolean;
  /** Standard normal noise of the shape of `like`. */
  noise: (like: Tensor) => Tensor;
}

/** The inputs of a network, and the output that it should have. */
export interface Regression {
  x: Tensor;
  t: Tensor;
  target: Tensor;
  /** What prediction and target are multiplied by, [B], where rows have different weights. */
  weight?: Tensor | undefined;
  /** The direction that a bidirectional network is trained for here (default: that of the half-iteration). */
  direction?: Direction;
  /** Conditions (default: those of the batch). */
  given?: Conditions | undefined;
}

/** Rows that are made along simulations: in chunks of starts, on several threads. */
interface RunRows {
  /** Rows that one start gives. */
  readonly perRun: number;
  /** What `rows` makes. */
  readonly names: readonly string[];
  /** Tensors [B, …], or [B, perRun, …] of more than one; `net` null: the reference process. */
  rows(
    net: Field | null,
    x: Tensor,
    options: Pick<SolveOptions, "direction" | "grid" | "noise"> & { sigma: number },
  ): Record<string, Tensor>;
}

/** How a method whose steps no solver takes is sampled. */
interface StepSampler {
  /** From x [B, …] to the end of a direction. Throws a BridgeError for a grid of another number of steps. */
  sample(
    net: Field,
    x: Tensor,
    options: SolveOptions & { lastNoise?: boolean | undefined },
  ): Tensor;
}

/** What a method may use to make a model. */
export interface ModelFacts {
  /** Shape of a sample. */
  shape: readonly number[];
  direction: Direction;
  generator: Generator;
  /** What the data are conditioned on, for models of their own; networks that are created know it. */
  conditions?: ConditionKind | undefined;
  /** Of several marginals: their times. */
  chain?: Chain | undefined;
  /**
   * A new network of the configuration; a bidirectional one takes the direction as a condition, and the answers of one of
   * `unit` variance do not grow towards an end, and those of a new one of vectors may be `zero`.
   */
  create(options?: { bidirectional?: boolean; unit?: boolean; zero?: boolean }): Network;
}

export interface Method<B extends Batch = Batch> {
  readonly name: string;
  /**
   * What is sampled. `drift`: an SDE along each direction's drift; `increment`: the same with Δt inside; `velocity`: an
   * ODE; `plan`: the far end in one draw.
   */
  readonly predicts: "drift" | "increment" | "velocity" | "plan";
  /**
   * `each`: a network for each direction; `shared`: one field for both; `bidirectional`: one network that gets the
   * direction as a condition (1 forward, 0 backward).
   */
  readonly networks: "each" | "shared" | "bidirectional";
  /** Whether each half-iteration starts a new optimiser. */
  readonly optimizer: "renewed" | "kept";
  /** Default margin eps of the training times U[eps, 1 − eps]. */
  readonly eps: number;
  /** Whether the rows are pairs of the ends, which a batch coupling may rearrange. */
  readonly pairs: boolean;
  /**
   * After the first pass, rows are made for every step with the current weights (their average, if there is one) of
   * both directions; default: epoch by epoch, or in a cache, with the network of the half-iteration before.
   */
  readonly online?: boolean;
  /** Whether the rows are those of the first pass in every half-iteration: none are simulated. */
  readonly onePass?: boolean;
  /**
   * Whether it learns several marginals in a row: its rows are pairs that share what they are to share (`matching`), and its
   * networks take the interval of each.
   */
  readonly chains?: boolean;
  /** With `predicts: "drift"`: whether the drift runs to an end that a model predicts, and has a pole there. */
  readonly predictsEnd?: boolean;
  /** With `predicts: "plan"`: whether the networks give the drift, too, so that there is a probability flow. */
  readonly hasDrift?: boolean;
  /** A model of its own in the place of a configuration's network: one that is fitted, or one made of such networks. */
  model?(facts: ModelFacts): Network;
  /** The class of such models, without which the method's functions cannot work. */
  readonly modelClass?: abstract new (
    ...args: never[]
  ) => Network;
  /** Of a preconditioned method the one that it is made of. */
  readonly plain?: Method;
  /** Sets a new network's tensors from rows of the tables, before its first step. */
  begin?(
    context: Pick<RowsContext, "direction" | "data" | "process" | "generator"> & {
      network: Network;
    },
  ): void;
  /** The batch coupling that belongs to the method, if any; one that is asked for takes its place. */
  readonly coupling?: (process: ReferenceProcess) => BatchCoupling;
  /** Rows along simulations (see `simulateRuns`). */
  readonly runs?: RunRows;
  /** Steps of its own, where no solver is used. */
  readonly sampler?: StepSampler;

  /** The rows of an epoch or of a batch; not needed with `fit`. */
  rows?(context: RowsContext): B;
  /** The pairs of a batch that a direction learns from (default: those of the batch). */
  pairsTowards?(batch: B, direction: Direction): Pairs;
  /** The regression problem (or several, whose losses are averaged) of a batch [B, …]. */
  regression?(batch: B, context: StepContext): Regression | readonly Regression[];
  /** A loss of its own instead: the mean over the rows of a batch. `network` is what is trained. */
  loss?(batch: B, context: StepContext & { network: Network }): Tensor;
  /**
   * A closed form instead of training: sets the network's tensors from the tables, once a half-iteration. Returns what
   * is reported as the loss. Such networks need no parameters.
   */
  fit?(context: { network: Network } & Pick<RowsContext, "direction" | "data" | "process">): number;
  /** With `predicts: "plan"`: the far end [B, …] given x [B, …]; z is standard normal [B, …]. */
  plan?(
    network: Network,
    x: Tensor,
    at: {
      direction: Direction;
      z: Tensor;
      process: ReferenceProcess;
      given: Conditions | undefined;
    },
  ): Tensor;
}
