import { methods, type Network, Preconditioned } from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError, readConfig, type Tree } from "@dsbm/config";
import { modelOf } from "@dsbm/nets";
import { inProgram } from "@dsbm/problem";
import type { CompleteProblem } from "@dsbm/train";

/** The shape of one sample in the network's units. */
export const shapeOf = ({ data }: CompleteProblem): readonly number[] => data.x0.shape.slice(1);

export function describeProblem(problem: CompleteProblem, network: Network): CompleteTrainConfig {
  const { method: options, schedule, optimisation, seed, data } = problem;
  const { parametrisation } = options;
  const [channels = 1, image_size = 28] = shapeOf(problem);
  const condition = (data.conditions?.x0 ?? data.conditions?.x1)?.cond;
  const known = network instanceof Preconditioned && network.coupled ? network : null;
  const mixture = known ? (known.mixture_f ?? known.mixture_b) : network;
  const components = mixture?.stateDict().get("log_alpha")?.size(0);
  const tree = {
    Dataset: inProgram,
    Dataset_transfer: inProgram,
    transfer: true,
    seed,
    method: methodName(problem),
    ...processKeys(problem),
    ...(components !== undefined && { mixture_components: components }),
    precondition: known && mixture ? "mixture" : known !== null,
    match_moments: options.matchMoments,
    step_variance: options.stepVariance,
    last_noise: options.lastNoise,
    mean_match: parametrisation.meanMatch,
    std_trick: parametrisation.stdTrick,
    loss_scale: parametrisation.lossScale,
    eps: schedule.eps,
    fb_sequence: [...schedule.sequence],
    half_iterations: schedule.halfIterations,
    num_iter: schedule.steps,
    first_num_iter: schedule.firstSteps,
    first_coupling: options.firstCoupling,
    first_pass: schedule.firstPass,
    batch_size: optimisation.batchSize,
    lr: optimisation.lr,
    ema: optimisation.emaRate !== null,
    ema_rate: optimisation.emaRate,
    cdsb: condition !== undefined,
    data: { channels, image_size, cond_channels: condition?.size(1) ?? 0 },
    model: keysOf(modelNamed(problem, network) ?? { name: "MLP" }),
  };
  try {
    return readConfig(tree);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      "usage",
      `this training cannot be saved as a run: ${error.problems.join("; ")}`,
    );
  }
}

type Model = NonNullable<ReturnType<typeof modelOf>>;

/**
 * The configuration's name of a problem's network (or of the network within a method's own model);
 * null for a class outside the library.
 */
export function modelNamed({ method }: CompleteProblem, network: Network): Model | null {
  const found = modelOf(network);
  if (found || !method.method.model) return found;
  const within = [...network.namedChildren()].map(([, child]) => modelOf(child as Network));
  return within.length === 0 ? { name: "MLP" } : (within.find((model) => model !== null) ?? null);
}

function keysOf(found: Model): Tree {
  const { model } = readConfig({ model: { name: found.name } });
  const keys = Object.keys(model).flatMap((key) => {
    const value = found[key];
    if (value === undefined) return [];
    return [[key, Array.isArray(value) ? value.join() || null : value]] as const;
  });
  return Object.fromEntries(keys) as Tree;
}

function methodName({ method: { method } }: CompleteProblem): string {
  const { name } = method;
  if (Object.hasOwn(methods, name) && name !== "dsb") return name;
  throw new ConfigError(
    "usage",
    name === "dsb"
      ? "the steps of method dsb are not kept with its networks: train it with npx dsbm train method=dsb"
      : `the method ${name} is not in \`methods\`, by which a run names it: write methods.${name} = … (of dsbm/bridge) before the training, and where the run is opened`,
  );
}

const processes: Readonly<Record<string, string>> = { brownian: "ve", "ornstein-uhlenbeck": "vp" };

function processKeys({ process: { name, sigma }, schedule: { grid } }: CompleteProblem): Tree {
  const sde = processes[name];
  if (sde === undefined)
    throw new ConfigError(
      "usage",
      `a run cannot have the process ${name}: use brownian() or ornsteinUhlenbeck()`,
    );
  // A flow has no noise, and its process no scale. problem.json holds the grid.
  return { sde, num_steps: grid.steps.length, sigma: sigma || 1 };
}
