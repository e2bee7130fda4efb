import {
  discretisedMarginals,
  exactCovariance,
  expectedKL,
  type GaussianBridge,
  gaussianKL,
  moments,
} from "@dsbm/bridge";
import { tidy } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import type { MeasurementContext, Metric, MetricData, SampleSet } from "../metric.js";

const gridSteps = (steps: number): number[] => [
  ...new Set(Array.from({ length: 21 }, (_, i) => Math.round((i * steps) / 20))),
];

const isBenchmark = ({ datasets }: MetricData): string | null =>
  datasets.exact ? null : "it is for the Gaussian benchmark";

const exactOf = ({ subject }: MeasurementContext): GaussianBridge =>
  subject.datasets.exact as GaussianBridge;

const isFlow = ({ subject }: MeasurementContext): boolean =>
  subject.trained.method.predicts === "velocity";

type MomentName = "mean" | "var" | "cov";

const moment = (
  name: MomentName,
  meaning: string,
  target: (set: SampleSet, context: MeasurementContext) => number,
  lacks?: Metric["lacks"],
): Metric => ({
  name,
  title: name,
  group: "endpoints",
  meaning,
  better: "target",
  columns: { value: name, target: `exact_${name}` },
  serves: isBenchmark,
  ...(lacks && { lacks }),
  measure: (set, context) => ({
    value: context.once("moments", () => moments(set.generatedRows, set.sourceRows), set)[name],
    target: target(set, context),
  }),
});

interface Divergences {
  value: { diag: number; full: number };
  floor: { diag: number; full: number };
}

function divergences(set: SampleSet, context: MeasurementContext): Divergences {
  const exact = exactOf(context);
  const times = timesOf(set.direction, set.sampling.grid);
  const steps = times.length - 1;
  const perfect = discretisedMarginals(set.direction, exact, steps, { flow: isFlow(context) });
  const [n, d] = set.sourceRows.shape;
  const at = gridSteps(steps);
  const sums: Divergences = { value: { diag: 0, full: 0 }, floor: { diag: 0, full: 0 } };
  for (const step of at) {
    const state = set.states.get(step);
    if (!state) throw new Error(`no state of step ${step} was kept`);
    const t = times[step];
    const kl = tidy(() => gaussianKL(state, exact, t));
    const floor = expectedKL(perfect[step] as { mean: number; var: number }, exact, t, n, d);
    for (const fit of ["diag", "full"] as const) {
      sums.value[fit] += kl[fit] / at.length;
      sums.floor[fit] += floor[fit] / at.length;
    }
  }
  return sums;
}

const divergence = (fit: "diag" | "full", of: string): Metric => ({
  name: `kl_${fit}`,
  title: `KL (${fit})`,
  group: "endpoints",
  meaning: `The KL divergence between the marginals of the bridge and of the exact bridge, averaged over time, from ${of}. Floor: a perfect sampler with as many rows and steps.`,
  columns: { value: `kl_${fit}`, floor: `floor_${fit}` },
  scale: "log",
  isHeadline: fit === "diag",
  states: gridSteps,
  serves: isBenchmark,
  lacks: (_, { sampling }) => (sampling.solver === "sde" ? null : "it needs the SDE"),
  measure(set, context) {
    const { value, floor } = context.once("divergences", () => divergences(set, context), set);
    return { value: value[fit], floor: floor[fit] };
  },
});

/** Moments of a bridge between two Gaussians, next to the exact bridge. */
export const gaussianMetrics: readonly Metric[] = [
  moment("mean", "The mean of generated rows, averaged over coordinates.", (set, context) => {
    const { a } = exactOf(context);
    return set.direction === "f" ? a : -a;
  }),
  moment("var", "The variance of generated rows, averaged over coordinates.", () => 1),
  moment(
    "cov",
    "The covariance of generated and source rows, averaged over coordinates.",
    (_, context) => exactCovariance(exactOf(context)),
    (context) =>
      isFlow(context) ? "generated rows of a flow are a function of their source rows" : null,
  ),
  divergence("diag", "variances only"),
  divergence("full", "full covariances"),
];
