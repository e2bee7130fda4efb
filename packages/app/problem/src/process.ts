// A configuration as a reference process and a method.
import {
  brownian,
  gammaGrid,
  gammaSchedule,
  type Method,
  methodFacts,
  methodNamed,
  ornsteinUhlenbeck,
  plainDrift,
  uniformGrid,
  withDataMetric,
  withPreconditioning,
  withShortcut,
  withSplines,
} from "@dsbm/bridge";
import { type CompleteTrainConfig, langevinNumbers } from "@dsbm/config";
import { configChain, type GaussianMoments, type growthNumbers } from "@dsbm/datasets";
import type { Device } from "@dsbm/torch";

/** The part of a run's problem that needs no data, shared with sampling. */
export function bridgeProcess(
  config: CompleteTrainConfig,
  law: GaussianMoments | null = null,
  growth: ReturnType<typeof growthNumbers> = {},
) {
  const gammas = gammaSchedule(config.num_steps, config);
  const sigma = config.sigma ?? Math.sqrt(gammas.reduce((a, b) => a + b, 0));
  const plain = methodOf(config, { gammas, law, growth });
  const method = config.precondition
    ? withPreconditioning(plain, config.precondition === "mixture" ? mixtureOf(config) : undefined)
    : withInterpolant(plain, config);
  const isDrift = method.predicts === "drift" && !method.plan;
  return {
    process: config.sde === "vp" ? ornsteinUhlenbeck({ sigma }) : brownian({ sigma }),
    method,
    grid: config.sigma === null ? gammaGrid(gammas) : uniformGrid(config.num_steps),
    lastNoise: config.last_noise,
    stepVariance: config.step_variance,
    // A velocity and an increment have no scale of a bridge.
    parametrisation: isDrift
      ? {
          meanMatch: config.mean_match,
          stdTrick: config.std_trick,
          lossScale: config.loss_scale === true,
        }
      : { ...plainDrift, meanMatch: method.predicts === "velocity" && config.mean_match },
    eps: config.eps ?? method.eps,
    chain: configChain(config),
  };
}

function withInterpolant(
  method: Method,
  { interpolant, path_metric, path_potential, shortcut }: CompleteTrainConfig,
): Method {
  const along =
    interpolant === "spline"
      ? withSplines(method, path_potential)
      : interpolant === "metric"
        ? withDataMetric(method, path_metric)
        : method;
  return shortcut ? withShortcut(along) : along;
}

const mixtureOf = ({ mixture_components, mixture_spread }: CompleteTrainConfig) => ({
  components: mixture_components,
  spread: mixture_spread,
});

function methodOf(
  config: CompleteTrainConfig,
  {
    gammas,
    law,
    growth,
  }: {
    gammas: readonly number[];
    law: GaussianMoments | null;
    growth: ReturnType<typeof growthNumbers>;
  },
): Method {
  if (!methodFacts(config.method).discreteSteps)
    return methodNamed(config.method, {
      ...mixtureOf(config),
      massPenalty: config.mass_penalty,
      steps: config.num_steps,
      ...growth,
    });
  return methodNamed(config.method, {
    gammas,
    mean: law?.mean.squeeze(0) ?? config.mean_final,
    variance: law?.std.square().squeeze(0) ?? config.var_final,
    scaleNoise: config.var_final_gamma_scale,
    meanMatch: config.mean_match,
    ...langevinNumbers(config, gammas),
    device: config.device as Device,
  });
}
