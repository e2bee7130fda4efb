// The defaults of a problem.
import { argumentError, plainDrift, withNoiseShare } from "@dsbm/bridge";
import { checkProblem } from "./check-problem.js";
import { localRanks } from "./distributed/ranks.js";
import type { CompleteProblem, Execution, MethodOptions, Problem, Schedule } from "./problem.js";

/**
 * Fills in all defaults.
 * @throws {BridgeError} that names the first wrong field.
 */
export function completeProblem(problem: Problem): CompleteProblem {
  const { data, process, method, schedule, optimisation, execution, seed = 42 } = problem;
  const isFitted = method.method.model?.fit !== undefined;
  const full: CompleteProblem = {
    data: { ...data, decode: data.decode ?? ((rows) => rows) },
    process,
    method: { ...methodDefaults, ...method, network: checkedNetworks(method) },
    schedule: {
      ...scheduleDefaults,
      cacheGrid: schedule.grid,
      firstSteps: schedule.steps,
      ...schedule,
    },
    optimisation: {
      ...optimisationDefaults,
      ...optimisation,
      // A closed form has no training to average.
      ...(isFitted && { emaRate: null }),
    },
    execution: {
      ...executionDefaults,
      ...execution,
      // Closed forms and plans are no layers: they keep their digits.
      ...((isFitted || method.method.plan) && { dtype: "float32", simulateDtype: "float32" }),
      ranks: execution?.ranks ?? localRanks,
    },
    seed,
  };
  checkProblem(full, problem);
  return full;
}

const methodDefaults = {
  parametrisation: plainDrift,
  firstCoupling: "ref",
  matchConditions: false,
  batchCoupling: null,
  couplingRows: null,
  matchMoments: false,
  stepVariance: "process",
  lastNoise: true,
  teacher: null,
} satisfies Partial<MethodOptions>;

const scheduleDefaults = {
  sequence: ["b", "f"] as const,
  firstIteration: 1,
  firstPass: 1,
  eps: null,
  times: "uniform",
} satisfies Partial<Schedule>;

const optimisationDefaults = {
  batchSize: 128,
  repeat: 1,
  crop: null,
  reduction: "sum",
  optimizer: "Adam",
  lr: 1e-4,
  lrSchedule: "constant",
  lrWarmup: 0,
  weightDecay: 0,
  gradClip: null,
  keepOptimizer: null,
  renewNetwork: false,
  emaRate: null,
  emaWarmup: false,
} satisfies Problem["optimisation"];

const executionDefaults = {
  threads: "auto",
  simulateThreads: 1,
  chunkRows: 500,
  dtype: "float32",
  simulateDtype: "float32",
  accumulate: 1,
  shareBatch: "auto",
  cache: null,
  logEvery: 100,
} satisfies Execution;

/** Makes networks, and checks that a method with its own model gets that model. */
function checkedNetworks(options: MethodOptions): MethodOptions["network"] {
  const { method, network: createNetwork, stepVariance } = options;
  const { name, model, networks } = method;
  const network: typeof createNetwork =
    stepVariance === "analytic"
      ? (direction, half) => withNoiseShare(createNetwork(direction, half), networks)
      : createNetwork;
  if (!model) return network;
  return (direction, half) => {
    const net = network(direction, half);
    if (net instanceof model.type) return net;
    throw argumentError(
      `${name} trains a model of its own, ${model.type.name}; write network: (direction) => methodNamed("${name}").model.create({ shape, direction, generator, createNetwork: () => YOUR_NETWORK })`,
    );
  };
}
