// What happens between the ends: the energy that the drift spends, how straight the flow is, and whether the two
// directions are one process.
import {
  agreement,
  flowCost,
  mapConditions,
  normalisedPathEnergy,
  straightness,
  wasserstein,
} from "@dsbm/bridge";
import type { QualityRow } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import type { Carried, MeasureOptions } from "../carried.js";
import { type Subject, scaled } from "../subject.js";

/** Steps of Heun's method along the flow. */
const flowSteps = 100;
/** Starts of the flow at most. */
const mostFlows = 1000;

export function pathRows(
  carried: Carried,
  subject: Subject,
  options: MeasureOptions,
): QualityRow[] {
  const { direction, start, returns, energy } = carried;
  const { unit } = subject;
  const { wants } = options;
  const shared = { direction, better: "lower" as const, group: "path" as const };
  const rows: QualityRow[] = [];
  if (wants("agreement") && returns) {
    const { back, twice, apart } = agreement(start, ...returns);
    rows.push({
      metric: "agreement",
      title: "there and back, distance from the start",
      ...{ ...shared, ...scaled(back, unit) },
      floor: twice * unit,
      ceiling: apart * unit,
      about: `root mean square distance of ${start.size(0)} starts and their returns; floor: of two returns from the same end, which is the same where the directions are one process; ceiling: of starts and returns of others`,
    });
  }
  if (wants("path_energy") && energy)
    rows.push({
      metric: "path_energy",
      title: "path energy",
      ...{ ...shared, ...scaled(energy.estimate(), unit ** 2) },
      floor: null,
      ceiling: null,
      about: `E∫|drift|²dt along ${start.size(0)} paths of the SDE; of several bridges between the same ends and of the same noise the Schrödinger bridge has the least`,
    });
  if (subject.vectors && (wants("npe") || wants("straightness")))
    rows.push(...flowRows(carried, subject, options));
  return rows;
}

function flowRows(
  carried: Carried,
  subject: Subject,
  { wants, exact, seed }: MeasureOptions,
): QualityRow[] {
  const { direction, start, data, given } = carried;
  const count = Math.min(mostFlows, start.size(0));
  return tidy(() => {
    const first = (t: Tensor) => t.narrow(0, 0, count);
    const [x, conditions] = [first(start), mapConditions(given, first)];
    const field = subject.velocity(conditions);
    if (!field) return [];
    const times = Array.from({ length: flowSteps + 1 }, (_, k) => {
      const t = k / flowSteps;
      return direction === "f" ? t : 1 - t;
    });
    const there = x.to({ device: subject.trained.config.device as "cpu" });
    const { states } = subject.sampler.follow(direction, there, {
      ...{ solver: "heun", step_size: 1 / flowSteps, times, given: conditions },
    });
    const cost = flowCost(states, times, field);
    const shared = { direction, ceiling: null, better: "lower" as const, group: "path" as const };
    const rows: QualityRow[] = [];
    if (wants("npe")) {
      const w2 = wasserstein(start, data, { most: exact, seed });
      rows.push({
        metric: "npe",
        title: "normalised path energy",
        ...{ ...shared, ...normalisedPathEnergy(cost, w2.value) },
        floor: 0,
        about: `|E∫|v|²dt − W₂²|/W₂² along the probability flow of ${x.size(0)} starts, with the exact W₂ of ${w2.n} starts and ${w2.m} data; floor: optimal transport, which a bridge with noise does not reach`,
      });
    }
    if (wants("straightness"))
      rows.push({
        metric: "straightness",
        title: "bend of the flow",
        ...{ ...shared, ...straightness(cost) },
        floor: 0,
        about: `E∫|v − (end − start)|²dt/E|end − start|² along the probability flow of ${x.size(0)} starts; floor: straight lines at constant speed`,
      });
    return rows;
  });
}
