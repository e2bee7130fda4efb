// A method is facts and functions that the driver reads; it never tests a name.
import type { Generator, Tensor } from "@dsbm/torch";
import type { SmoothPaths } from "../chain/coupling.js";
import type { Batch, Pairs } from "../core/batch.js";
import type { Conditions } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import type { Chain, Endpoints } from "../core/endpoints.js";
import type { Network } from "../core/network.js";
import type { BatchCoupling, Simulate } from "../coupling/coupling.js";
import type { Matching } from "../coupling/matching.js";
import type { StatedFacts } from "../facts/method-facts.js";
import type { ReferenceProcess } from "../process/process.js";
import type { Field, SolveOptions } from "../solver/solver.js";

/** Pairs of the first half-iteration: from the reference process, or independent. */
export type FirstCoupling = "ref" | "ind";

/** The inputs of `make`, which makes training rows. */
export interface RowsContext {
  /** The direction that learns from the rows. */
  direction: Direction;
  /** The direction of the latest network; null in the first half-iteration. */
  newest: Direction | null;
  /** Source and target, or a batch of both. */
  data: Endpoints;
  /** The reference process. */
  process: ReferenceProcess;
  /** Pairs of the first pass. */
  firstCoupling: FirstCoupling;
  /** Partners for independent pairs that share their conditions. */
  matching?: Matching | null;
  /** The stream of this half-iteration. */
  generator: Generator;
  /** Endpoints of simulations with the newest weights (their average, if there is one). */
  simulate: Simulate;
  /** Rows of `rows.runs` along simulations from `start` [n, …] of a direction (null: of the reference process). */
  simulateRuns: (
    direction: Direction | null,
    start: Tensor,
    conditions?: Conditions,
  ) => Record<string, Tensor>;
}

/**
 * Inputs of `regression` and `loss` in a training step. All random numbers come from here, so that
 * steps can be recorded.
 */
export interface StepContext {
  /** The direction in training. */
  direction: Direction;
  /** The reference process. */
  process: ReferenceProcess;
  /** A time for each row of the batch, [B]. */
  t: Tensor;
  /** The target is the endpoint itself instead of the drift. */
  meanMatch: boolean;
  /** Standard normal noise of the shape of `like`. */
  noise: (like: Tensor) => Tensor;
  /** The network in training, which knows paths that bend. */
  network?: Network | undefined;
  /**
   * Draws for every k-th row of the whole batch: the places of these rows in this share, int64 [m], and a standard normal number for
   * each, [m].
   */
  drawEvery?: ((k: number) => { rows: Tensor; numbers: Tensor }) | undefined;
}

/** The inputs of a network, and its target output. */
export interface Regression {
  /** Points [B, …]. */
  x: Tensor;
  /** Times [B]. */
  t: Tensor;
  /** Wanted output [B, …]. */
  target: Tensor;
  /** Factors of prediction and target, [B] (default 1). */
  weight?: Tensor | undefined;
  /** Lengths of the steps that the network gets, [B], if it learns steps. */
  step?: Tensor | undefined;
}

interface MethodRows<B extends Batch> {
  /** Whether rows are pairs of source and target, which a batch coupling may rearrange. */
  readonly pairs: boolean;
  /**
   * When rows are simulated after the first pass. `epoch` (default): epoch by epoch or in a cache, with the network of the
   * half-iteration before; `step`: in every step, with the current weights of both directions; `never`: every
   * half-iteration has the rows of the first pass; `teacher`: epoch by epoch or in a cache, in every half-iteration, with the
   * networks of another run.
   */
  readonly simulation?: "epoch" | "step" | "never" | "teacher";
  /** Whether the method learns several marginals: its pairs share their interval, which its networks take. */
  readonly chains?: boolean;
  /** The method's own batch coupling; the user's coupling replaces it. */
  readonly coupling?: (process: ReferenceProcess, chain?: Chain) => BatchCoupling;
  /** Pairs of a chain are parts of smooth paths through all its datasets. */
  readonly smooth?: SmoothPaths;
  /** Whether the coupling pairs all rows together if they are few, instead of batch by batch. */
  readonly wholePlans?: boolean;
  /** Whether `firstCoupling` decides the first rows. */
  readonly firstCoupling?: boolean;
  /** The rows of an epoch or of a batch. */
  make(context: RowsContext): B;
  /** The pairs of a batch that a direction learns from (default: the batch). */
  pairsTowards?(batch: B, direction: Direction): Pairs;
  /** Rows along whole simulations (see `simulateRuns`), made in chunks of starts on several threads. */
  readonly runs?: {
    /** Rows that one start gives. */
    readonly perRun: number;
    /** Names of the tensors that `rows` makes. */
    readonly names: readonly string[];
    /** Tensors [B, …], or [B, perRun, …] if perRun > 1. A null `net` is the reference process. */
    rows(
      net: Field | null,
      x: Tensor,
      options: Pick<SolveOptions, "direction" | "grid" | "noise"> & { sigma: number },
    ): Record<string, Tensor>;
  };
}

/** The inputs of `make`, which makes a model. */
export interface ModelFacts {
  /** Shape of a sample. */
  shape: readonly number[];
  /** The direction of the model. */
  direction: Direction;
  /** The stream of initial weights. */
  generator: Generator;
  /** The times of several marginals. */
  chain?: Chain | undefined;
  /**
   * Creates a network of the configuration. A `bidirectional` network takes the direction as a condition, the outputs of a
   * `unit` network do not grow towards an endpoint, and a new `zero` network of vectors is 0. A network gets
   * `channels` further channels of its condition.
   */
  createNetwork(options?: {
    bidirectional?: boolean;
    unit?: boolean;
    zero?: boolean;
    channels?: number;
  }): Network;
}

/** A model instead of the configuration's network: fitted in closed form, or built from such networks. */
export interface MethodModel {
  /** The class that the method's functions need. */
  readonly type: abstract new (
    ...args: never[]
  ) => Network;
  /** Whether its drift leads to a predicted endpoint, with a pole there. */
  readonly predictsEnd?: boolean;
  /** A new model. */
  create(facts: ModelFacts): Network;
  /** Sets a new model's tensors from some rows of the data, before the first step. */
  begin?(
    context: Pick<RowsContext, "direction" | "data" | "process" | "generator"> & {
      network: Network;
    },
  ): void;
  /**
   * Trains a part of the model from some rows of the data, the same as for `begin`, before the first half-iteration;
   * resumed runs have it, and measurements of speed do without.
   */
  prepare?: MethodModel["begin"] | undefined;
  /**
   * Replaces training: sets the tensors from all rows once per half-iteration, and returns a value
   * that is reported as the loss.
   */
  fit?(context: Pick<RowsContext, "direction" | "data" | "process"> & { network: Network }): number;
}

/** A row of docs/guide/methods.md, for the method or for a preset of it. */
export interface GuideRow {
  /** The name for `method=` (default: the method's own). */
  readonly preset?: string;
  /** Its name in papers, if that differs. */
  readonly title?: string;
  /** What to take it for. */
  readonly use: string;
  /** What it lacks. */
  readonly lack: string;
  /** Its name in docs/results.csv (default: as for `method=`). */
  readonly result?: string;
}

/**
 * A method. It needs `rows` and either `regression` or `loss`, or a `model` with `fit`. Plain bridge matching is
 *
 *     { name: "once", predicts: "drift", networks: "each", eps: 1e-3,
 *       rows: { pairs: true, make: ({ data, generator }) => independent(data, generator) },
 *       regression({ x0, x1 }, { direction, process, t, noise }) {
 *         const sample = { x0, x1, t, z: noise(x0) };
 *         return { x: process.bridge(sample), t, target: process.target(direction, sample) };
 *       } }
 */
export interface Method<B extends Batch = Batch> extends StatedFacts {
  /** Its rows in the guide of methods. */
  readonly guide?: readonly GuideRow[];

  /** Draws the far endpoint [B, …] of x [B, …] at once, from standard normal z [B, …]. Samplers use it instead of the SDE. */
  plan?(
    network: Network,
    x: Tensor,
    at: {
      direction: Direction;
      z: Tensor;
      process: ReferenceProcess;
      conditions: Conditions | undefined;
    },
  ): Tensor;
  /**
   * Discrete steps from x [B, …] instead of a solver.
   * @throws {BridgeError} for a grid of another number of steps.
   */
  sampler?(
    field: Field,
    x: Tensor,
    options: SolveOptions & { lastNoise?: boolean | undefined; process: ReferenceProcess },
  ): Tensor;
  /** Whether a step of `sampler` takes two draws of noise, side by side in dimension 1, in the last step too. */
  readonly drawsTwice?: boolean;

  /** Whether its networks get the length of each step (see `withShortcut`). */
  readonly takesSteps?: boolean;

  /** A model that replaces the configuration's network. */
  readonly model?: MethodModel;
  /** The regression problem of a batch [B, …]. */
  regression?(batch: B, context: StepContext): Regression;
  /** Another loss, the mean over the rows of a batch. */
  loss?(batch: B, context: StepContext & { network: Network }): Tensor;

  /** How training rows are made; none for a `model` with `fit`. */
  readonly rows?: MethodRows<B>;
}
