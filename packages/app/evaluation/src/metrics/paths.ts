import {
  cycleError,
  flowEnergy,
  gaussianPairs,
  mapConditions,
  meanEstimate,
  normalisedPathEnergy,
  oppositeDirection,
  optimalDisplacement,
  optimality,
  squaredDisplacement,
  subsample,
  wasserstein,
} from "@dsbm/bridge";
import { type Device, noGrad, type Tensor, tidy, zeros } from "@dsbm/torch";
import { measurementOfEstimate } from "../bounds/measurement.js";
import type { Measurement, MeasurementContext, Metric, MetricData, SampleSet } from "../metric.js";
import { sampleInBatches } from "../sampling/sample-in-batches.js";
import { noTime } from "../set-measurement.js";
import { forVectors } from "./endpoints.js";

const flowSteps = 50;
const mostFlows = 1000;

const lacksFlow = ({ subject: { bridge, trained } }: MeasurementContext): string | null =>
  bridge.velocity() && (bridge.networks.f ?? bridge.networks.b)
    ? null
    : `${trained.method.name} has no probability flow`;

function alongFlow(
  { direction, sourceRows, conditions: all }: SampleSet,
  { subject, options: { clock } }: MeasurementContext,
  measure: (energy: Tensor) => Measurement,
): Measurement | string {
  const n = Math.min(mostFlows, sourceRows.size(0));
  const first = (t: Tensor) => t.narrow(0, 0, n);
  return noGrad(() =>
    tidy(() => {
      const conditions = mapConditions(all, first);
      const field = subject.bridge.velocity(conditions);
      if (!field) return "it needs the probability flow";
      const times = Array.from({ length: flowSteps + 1 }, (_, k) => {
        const t = k / flowSteps;
        return direction === "f" ? t : 1 - t;
      });
      const there = first(sourceRows).to({ device: subject.trained.config.device as Device });
      const began = performance.now();
      field(there, zeros([n], { device: there.device }));
      // Heun's method evaluates the network twice a step, as the energy does.
      if ((4 * flowSteps * (performance.now() - began)) / 1000 > clock.left) return noTime;
      const { states } = subject.bridge.flow(direction, there, {
        solver: "heun",
        // Each interval of a course has a clock of its own.
        step_size: (subject.datasets.between.length + 1) / flowSteps,
        times,
        conditions,
        evenChunks: true,
      });
      return { n, floor: 0, ...measure(flowEnergy(states, times, field)) };
    }),
  );
}

/** Metrics of paths: cycles and energies. */
export const pathMetrics: readonly Metric[] = [
  {
    name: "cycle_error",
    title: "cycle-consistency error",
    group: "path",
    meaning:
      "The root mean square distance between source rows and their returns by the other direction. Floor: the distance between two returns from the same generated row. Value and floor are equal if the directions are time reversals. Ceiling: returns of other rows.",
    lacks: ({ subject: { bridge } }) =>
      bridge.networks.f && bridge.networks.b ? null : "it needs networks of both directions",
    async measure(set, { subject, options }) {
      const way = oppositeDirection(set.direction);
      const returns: Tensor[] = [];
      try {
        for (const label of ["back 1", "back 2"]) {
          const result = await sampleInBatches(subject.bridge, way, set.generatedRows, {
            ...options,
            sampling: set.sampling,
            conditions: set.conditions,
            purpose: `quality/${way}/${label}`,
            label: `measuring ${set.direction}, ${label}`,
            // With their states, returns replay the programs of the other direction's samples.
            visit: () => {},
            energies: set.energy !== null,
          });
          if (!result) return "stopped";
          returns.push(result.end);
        }
        const [first, second] = returns;
        const { back, twice, apart } = cycleError(set.sourceRows, first, second);
        return {
          ...measurementOfEstimate(back, set.unit),
          floor: twice * set.unit,
          ceiling: apart * set.unit,
        };
      } finally {
        for (const t of returns) t.dispose();
      }
    },
  },
  {
    name: "path_energy",
    title: "path energy",
    group: "path",
    meaning:
      "E∫|drift|²dt along paths of the SDE. Among all bridges between the same data with the same noise, the Schrödinger bridge has the least.",
    usesEnergy: true,
    lacks({ subject }, { sampling, direction }) {
      if (subject.bridge.encoding) return "its paths are paths of latent maps";
      if (sampling.solver !== "sde" || subject.trained.diffusion !== undefined)
        return "it needs the SDE with the noise of training";
      if (subject.bridge.drift(direction)) return null;
      return `${subject.trained.method.name} has no drift to sum`;
    },
    measure: ({ energy, unit }) =>
      energy
        ? measurementOfEstimate(energy.estimate(), unit ** 2)
        : // Without a drift the metric is refused before.
          noTime,
  },
  {
    name: "npe",
    title: "normalised path energy",
    group: "path",
    meaning:
      "|E∫|v|²dt − W₂²|/W₂² along the probability flow, with the exact W₂ of source and target. Floor: optimal transport. A bridge with noise does not reach it.",
    serves: forVectors,
    lacks: lacksFlow,
    measure: (set, context) =>
      alongFlow(set, context, (energy) => {
        const { exact, seed } = context.options;
        const { value } = wasserstein(set.sourceRows, set.targetRows, { most: exact, seed });
        return measurementOfEstimate(normalisedPathEnergy(energy, value));
      }),
  },
];

/** A floor above this is noise: without noise random pairs have 1. */
const mostNoise = 0.75;
const mostNumbers = 2 ** 22;

function independentDisplacement(start: Tensor, data: Tensor): number {
  return tidy(() => {
    const [a, b] = [start, data].map((t) => t.flatten({ startDim: 1 }).to("float64"));
    const variance = (t: Tensor) =>
      squaredDisplacement(t, t.mean(0, { keepdim: true }).expand(t.shape));
    return variance(a) + variance(b) + a.mean(0).sub(b.mean(0)).square().sum().item();
  });
}

type Optimality = NonNullable<ReturnType<typeof optimality>>;

interface Binding {
  value: Optimality;
  floor: Optimality;
  ceiling: Optimality;
}

function bindingOf(set: SampleSet, context: MeasurementContext): Binding | null {
  return tidy(() => {
    const { seed } = context.options;
    const epsilon = context.subject.trained.process.sigma ** 2;
    const [x0, x1] =
      set.direction === "f"
        ? [set.sourceRows, set.generatedRows]
        : [set.generatedRows, set.sourceRows];
    const value = optimality(x0, x1, { epsilon, seed });
    if (!value) return null;
    const exact = gaussianPairs(x0, x1, { epsilon, count: x0.size(0), seed });
    const floor = optimality(exact.start, exact.end, { epsilon, seed });
    const apart = x1.roll([Math.floor(x1.size(0) / 2)], { dims: [0] });
    const ceiling = optimality(x0, apart, { epsilon, seed });
    if (!floor || !ceiling || floor.error.value > mostNoise) return null;
    return { value, floor, ceiling };
  });
}

const ofTwoSets = (data: MetricData): string | null =>
  data.datasets.chain ? "it is for two datasets" : forVectors(data);

function lacksBinding(
  context: MeasurementContext,
  { sampling }: Pick<SampleSet, "sampling">,
): string | null {
  const { process, method, config } = context.subject.trained;
  const isBrownian = config.sde !== "vp" && method.predicts !== "velocity" && process.sigma > 0;
  if (sampling.solver !== "sde" || !isBrownian) return "it needs the SDE of a Brownian bridge";
  return null;
}

/** A number of the matrix that binds pairs. */
const ofBinding = (
  part: "error" | "strength",
  facts: Pick<Metric, "name" | "title" | "meaning" | "better" | "target">,
): Metric => ({
  ...facts,
  group: "plan",
  serves: ofTwoSets,
  lacks: lacksBinding,
  measure(set, context) {
    const bindings = context.once("binding", () => bindingOf(set, context), set);
    if (!bindings) return "it needs more pairs: so few of the exact bridge look like random ones";
    const floor = bindings.floor[part];
    return {
      ...measurementOfEstimate(bindings.value[part]),
      floor: floor.value,
      floor_interval: [floor.low, floor.high],
      ceiling: bindings.ceiling[part].value,
    };
  },
});

/** Metrics of the pairs of source rows and generated rows. */
export const pairMetrics: readonly Metric[] = [
  {
    name: "displacement",
    title: "mean squared displacement",
    group: "plan",
    meaning:
      "The mean squared distance between source rows and the rows generated from them. Floor: optimal pairs of the same rows. Ceiling: independent pairs of source and target. It does not judge the generated rows: see sliced_w2.",
    columns: { value: "msd", floor: "optimal_msd", ceiling: "independent_msd" },
    measure(set, { options: { exact, seed } }) {
      const { unit } = set;
      const by = unit ** 2;
      const numbers = Math.floor((mostNumbers * set.sourceRows.size(0)) / set.sourceRows.numel);
      const most = Math.max(2, Math.min(exact, numbers));
      return tidy(() => {
        // One stream keeps pairs together: value and floor are of the same rows.
        const [start, end] = [set.sourceRows, set.generatedRows].map((x) =>
          subsample(x, "x", { most, seed }),
        ) as [Tensor, Tensor];
        const lengths = end.sub(start).flatten({ startDim: 1 }).to("float64").square().sum(1);
        const optimal = optimalDisplacement(start, end, { most, seed });
        return {
          ...measurementOfEstimate(meanEstimate(lengths), by),
          floor: optimal * by,
          ceiling: independentDisplacement(set.sourceRows, set.targetRows) * by,
        };
      });
    },
  },
  ofBinding("error", {
    name: "optimality",
    title: "distance from the optimal plan",
    meaning:
      "‖εA − I‖/‖I‖ for the matrix A that couples source and generated rows. At the Schrödinger bridge A is I/ε. Floor: as many pairs of the exact bridge between Gaussians of the same moments. Ceiling: the same rows, paired at random. Exact between Gaussians; for other data it describes the average pairing.",
  }),
  ofBinding("strength", {
    name: "binding",
    title: "coupling strength",
    meaning:
      "ε tr A/d: 1 at the Schrödinger bridge. It is lower if generated rows depend less on their source rows. Floor and ceiling as for optimality.",
    better: "target",
    target: 1,
  }),
];
