// One training problem in full: data, reference process, method, networks and the numbers of the schedule.
import type { BatchCoupling } from "./coupling.js";
import { checkEndpoints, type Endpoints } from "./dataset.js";
import type { Direction } from "./direction.js";
import { BridgeError } from "./errors.js";
import type { Method } from "./method.js";
import type { ReferenceProcess } from "./process.js";
import type { TimeGrid } from "./schedule.js";
import type { Network } from "./simulator.js";

export interface Problem {
  data: Endpoints;
  process: ReferenceProcess;
  method: Method;
  grid: TimeGrid;
  /** A new network for a direction, its initial weights a function of the seed. */
  network: (direction: Direction) => Network;
  /** Where the first pass starts: the reference process (IPF) or independent pairs (IMF). */
  firstCoupling?: "ref" | "ind";
  /** Directions in the order of training, repeated. */
  sequence?: readonly Direction[];
  /** Half-iterations in all. */
  halfIterations: number;
  /** Training steps of a half-iteration. */
  steps: number;
  /** Training steps of the very first, if others. */
  firstSteps?: number;
  batchSize?: number;
  optimizer?: "Adam" | "AdamW";
  lr?: number;
  weightDecay?: number;
  /** Largest global norm of the gradient; null: no clipping. */
  gradClip?: number | null;
  /** Rate of the weights' moving average, which then does the sampling; null: none. */
  emaRate?: number | null;
  /** The average starts anew with each half-iteration and warms up (see EMA). */
  emaWarmup?: boolean;
  /** Training times are uniform on [eps, 1 − eps]; null: the method's own. */
  eps?: number | null;
  /** Minibatch optimal transport on pairs that were not simulated. */
  batchCoupling?: BatchCoupling | null;
  seed?: number;
  /** Threads of a training step; `auto` measures. */
  threads?: number | "auto";
  /** Threads that simulate side by side. */
  simulateThreads?: number;
  chunkRows?: number;
  /** Steps between two `step` events. */
  logEvery?: number;
}

const integer = (name: string, x: number, least: number) => {
  if (!Number.isInteger(x) || x < least)
    throw new BridgeError("argument", `${name} is ${x}; expected an integer of at least ${least}`);
};

/** The problem with defaults filled in. Throws a BridgeError that names the first wrong field. */
export function complete(problem: Problem): Required<Problem> {
  const full: Required<Problem> = {
    firstCoupling: "ref",
    sequence: ["b", "f"],
    firstSteps: problem.steps,
    batchSize: 128,
    optimizer: "Adam",
    lr: 1e-4,
    weightDecay: 0,
    gradClip: null,
    emaRate: null,
    emaWarmup: false,
    eps: null,
    batchCoupling: null,
    seed: 42,
    threads: "auto",
    simulateThreads: 1,
    chunkRows: 250,
    logEvery: 100,
    ...problem,
  };
  integer("halfIterations", full.halfIterations, 1);
  integer("steps", full.steps, 1);
  integer("firstSteps", full.firstSteps, 1);
  integer("batchSize", full.batchSize, 1);
  integer("logEvery", full.logEvery, 1);
  checkEndpoints(full.data);
  const rows = Math.min(full.data.x0.size(0), full.data.x1.size(0));
  if (full.batchSize > rows)
    throw new BridgeError(
      "argument",
      `batchSize is ${full.batchSize}, but there are only ${rows} samples on one end; use a smaller batch`,
    );
  if (full.sequence.length === 0)
    throw new BridgeError("argument", "sequence is empty; expected at least one of f and b");
  if (
    full.method.predicts === "increment" &&
    full.sequence.some(
      (d, i) => d === full.sequence[(i + 1) % full.sequence.length] && full.halfIterations > 1,
    )
  )
    throw new BridgeError(
      "argument",
      `${full.method.name} learns each direction from the other: the sequence must alternate between b and f, got ${full.sequence}`,
    );
  return full;
}
