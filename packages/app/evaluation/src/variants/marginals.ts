// Metrics at the intermediate times of a course, of all rows and by condition.
import type { CompleteTrainConfig } from "@dsbm/config";
import { shortName, testRows } from "@dsbm/datasets";
import { timeName } from "@dsbm/inference";
import type { Tensor } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import type { MeasurementContext, SampleSet } from "../metric.js";
import { stepAt } from "../sampling/sample-in-batches.js";
import type { Variant } from "../set-measurement.js";
import { conditionVariants } from "./conditions.js";

/** The samples at each intermediate time with the data of the time, of all rows and of each group of a condition. */
export function marginalVariants(set: SampleSet, context: MeasurementContext): Variant[] {
  const { options } = context;
  const { datasets, trained } = context.subject;
  const times = timesOf(set.direction, set.sampling.grid);
  const most = set.sourceRows.size(0);
  return datasets.between.flatMap((end, i): Variant[] => {
    const time = datasets.chain?.times[i + 1] as number;
    const data = context.own(() => testRows(end, most, options.seed, "test"));
    const reserve = context.own(() => testRows(end, 4 * most, options.seed, "train"));
    // Rows for the floor limit the other rows.
    const n = Math.min(most, reserve.size(0));
    const state = set.states.get(stepAt(times, time)) as Tensor;
    const own: SampleSet = {
      ...set,
      key: `${set.key}/marginal/${i}`,
      sourceRows: context.own(() => set.sourceRows.narrow(0, 0, n)),
      generatedRows: context.own(() => context.subject.written("x0", state.narrow(0, 0, n))),
      targetRows: data,
      floorRows: () => reserve,
    };
    const title = (metric: string) => `${metric} to ${atTime(trained.config, end.name, time)}`;
    const at = timeName(trained.config, time);
    const all: Variant = {
      prefix: "marginal_",
      group: "marginals",
      variant: "marginals",
      change: (row) => ({ title: title(row.title), at }),
      set: own,
    };
    return [all, ...conditionVariants(own, context, { end, title, at }).variants];
  });
}

/** The dataset of a time, for titles: "day 3", or the file of runs of several files. */
export const atTime = (config: CompleteTrainConfig, name: string, time: number): string => {
  const at = timeName(config, time);
  return config.data.split_by === null ? `${shortName(name)} at ${at}` : at;
};
