// The defaults of a problem.
import { argumentError, plainDrift, withNoiseShare } from "@dsbm/bridge";
import { checkProblem } from "./check-problem.js";
import { localRanks } from "./distributed/ranks.js";
import type { CompleteProblem, MethodOptions, Problem } from "./problem.js";

/** Fills in all defaults. Throws a BridgeError that names the first wrong field. */
export function completeProblem(problem: Problem): CompleteProblem {
  const { data, process, method, schedule, optimisation, execution, seed = 42 } = problem;
  const hasLayers = !method.method.model?.fit && !method.method.plan;
  const full: CompleteProblem = {
    data: { ...data, decode: data.decode ?? ((rows) => rows) },
    process,
    method: {
      parametrisation: plainDrift,
      firstCoupling: "ref",
      matchConditions: false,
      batchCoupling: null,
      couplingRows: null,
      matchMoments: false,
      stepVariance: "process",
      lastNoise: true,
      ...method,
      network: checkedNetworks(method),
    },
    schedule: {
      cacheGrid: schedule.grid,
      sequence: ["b", "f"],
      firstSteps: schedule.steps,
      firstIteration: 1,
      firstPass: 1,
      eps: null,
      times: "uniform",
      ...schedule,
    },
    optimisation: {
      batchSize: 128,
      repeat: 1,
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
      ...optimisation,
      // A closed form has no training to average.
      ...(method.method.model?.fit && { emaRate: null }),
    },
    execution: {
      threads: "auto",
      simulateThreads: 1,
      chunkRows: 500,
      dtype: "float32",
      simulateDtype: "float32",
      accumulate: 1,
      shareBatch: "auto",
      cache: null,
      logEvery: 100,
      ...execution,
      // Closed forms and plans are no layers: they keep their digits.
      ...(hasLayers ? null : { dtype: "float32", simulateDtype: "float32" }),
      ranks: execution?.ranks ?? localRanks,
    },
    seed,
  };
  checkProblem(full, problem);
  return full;
}

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
