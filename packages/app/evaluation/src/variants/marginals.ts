// Metrics at the intermediate times of a course.
import type { CompleteTrainConfig } from "@dsbm/config";
import { shortName, testRows } from "@dsbm/datasets";
import { timeName } from "@dsbm/inference";
import type { Tensor } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import type { MeasurementContext, SampleSet } from "../metric.js";
import { stepAt } from "../sampling/sample-in-batches.js";
import type { Variant } from "../set-measurement.js";

/** The samples at each intermediate time, and the data of the time. */
export function marginalVariants(set: SampleSet, context: MeasurementContext): Variant[] {
  const { options } = context;
  const { datasets, trained } = context.subject;
  const times = timesOf(set.direction, set.sampling.grid);
  const most = set.sourceRows.size(0);
  return datasets.between.map((end, i) => {
    const time = datasets.chain?.times[i + 1] as number;
    const data = context.own(() => testRows(end, most, options.seed, "test"));
    const reserve = context.own(() => testRows(end, 4 * most, options.seed, "train"));
    // Rows for the floor limit the other rows.
    const n = Math.min(most, reserve.size(0));
    const state = set.states.get(stepAt(times, time)) as Tensor;
    return {
      prefix: "marginal_",
      group: "marginals",
      variant: "marginals",
      change: ({ title }) => ({
        title: `${title} to ${atTime(trained.config, end.name, time)}`,
        at: timeName(trained.config, time),
      }),
      set: {
        ...set,
        key: `${set.key}/marginal/${i}`,
        start: context.own(() => set.sourceRows.narrow(0, 0, n)),
        end: context.own(() => context.subject.written("x0", state.narrow(0, 0, n))),
        data,
        reserve: () => reserve,
      },
    };
  });
}

/** The dataset of a time, for titles: "day 3", or the file of runs of several files. */
export const atTime = (config: CompleteTrainConfig, name: string, time: number): string => {
  const at = timeName(config, time);
  return config.data.split_by === null ? `${shortName(name)} at ${at}` : at;
};
