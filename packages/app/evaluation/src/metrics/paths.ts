import {
  cycleError,
  flowEnergy,
  mapConditions,
  normalisedPathEnergy,
  other,
  wasserstein,
} from "@dsbm/bridge";
import { type Device, noGrad, type Tensor, tidy, zeros } from "@dsbm/torch";
import { estimated } from "../bounds.js";
import type { Measurement, Measuring, Metric, SampleSet } from "../metric.js";
import { noTime } from "../rows.js";
import { transport } from "../transport.js";
import { forVectors } from "./endpoints.js";

const flowSteps = 100;
const mostFlows = 1000;

const lacksFlow = ({ subject: { bridge, trained } }: Measuring): string | null =>
  bridge.velocity() && (bridge.networks.f ?? bridge.networks.b)
    ? null
    : `${trained.method.name} has no probability flow`;

function alongFlow(
  { direction, start, conditions: all }: SampleSet,
  { subject, options: { clock } }: Measuring,
  measure: (energy: Tensor) => Measurement,
): Measurement | string {
  const n = Math.min(mostFlows, start.size(0));
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
      const there = first(start).to({ device: subject.trained.config.device as Device });
      const began = performance.now();
      field(there, zeros([n], { device: there.device }));
      // Heun's method evaluates the network twice a step, as the energy does.
      if ((4 * flowSteps * (performance.now() - began)) / 1000 > clock.left) return noTime;
      const { states } = subject.bridge.follow(direction, there, {
        solver: "heun",
        step_size: 1 / flowSteps,
        times,
        conditions,
      });
      return { n, floor: 0, ...measure(flowEnergy(states, times, field)) };
    }),
  );
}

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
      const way = other(set.direction);
      const returns: Tensor[] = [];
      try {
        for (const label of ["back 1", "back 2"]) {
          const result = await transport(subject.bridge, way, set.end, {
            ...options,
            sampling: set.sampling,
            conditions: set.conditions,
            purpose: `quality/${way}/${label}`,
            label: `measuring ${set.direction}, ${label}`,
          });
          if (!result) return "stopped";
          returns.push(result.end);
        }
        const [first, second] = returns;
        const { back, twice, apart } = cycleError(set.start, first, second);
        return {
          ...estimated(back, set.unit),
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
      if (sampling.solver !== "sde" || subject.trained.diffusion !== undefined)
        return "it needs the SDE with the noise of training";
      if (subject.bridge.drift(direction)) return null;
      return `${subject.trained.method.name} has no drift to sum`;
    },
    measure: ({ energy, unit }) =>
      energy ? estimated(energy.estimate(), unit ** 2) : "no path was summed, or no time was left",
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
        const { value } = wasserstein(set.start, set.data, { most: exact, seed });
        return estimated(normalisedPathEnergy(energy, value));
      }),
  },
];
