import { crps, mapConditions, meanEstimate } from "@dsbm/bridge";
import { rowPairs, testRows } from "@dsbm/datasets";
import { stack, type Tensor, tidy } from "@dsbm/torch";
import { measurementOfEstimate } from "../bounds/measurement.js";
import type { MeasurementContext, Metric, SampleSet } from "../metric.js";
import { sampleInBatches } from "../sampling/sample-in-batches.js";
import { disposeAll } from "../tensors.js";
import { fieldValues, ofFields, perVariable } from "./field-samples.js";

const mostRows = 500;
const drawsOfRow = 8;

/**
 * Draws the far endpoints of the first source rows of a set several times, each [n, …] on the processor; the caller frees them.
 * Returns null if it was stopped.
 */
async function drawMembers(
  set: SampleSet,
  { subject, options }: MeasurementContext,
  { n, members }: { n: number; members: number },
): Promise<Tensor[] | null> {
  const start = set.sourceRows.narrow(0, 0, n);
  const conditions = mapConditions(set.conditions, (rows) => rows.narrow(0, 0, n));
  const draws: Tensor[] = [];
  for (let draw = 0; draw < members; draw++) {
    const result = await sampleInBatches(subject.bridge, set.direction, start, {
      ...options,
      sampling: set.sampling,
      conditions,
      purpose: `quality/${set.direction}/draw ${draw}`,
      label: `measuring ${set.direction}, draw ${draw + 1}`,
    });
    if (!result) {
      disposeAll(draws);
      return null;
    }
    draws.push(result.end);
  }
  return draws;
}

/** Fields that are drawn several times: their networks are slow. */
const mostFields = 64;

/** The partners [n, …] of the first source rows among the target rows. */
const partnersOf = (
  { source, target }: SampleSet,
  { subject, options }: MeasurementContext,
  n: number,
) => {
  const { datasets } = subject;
  const inOrder = { ...datasets[target], order: datasets[source].order };
  return testRows(inOrder, n, options.seed, options.split).to({ device: "cpu" });
};

/** The score of members [m, n, C, cells] against y [n, C, cells] by field and variable, [n, C]. */
const scoreOf = (members: Tensor, y: Tensor): Tensor => crps(members, y).mean(2);

/** Metrics of the law of generated rows given their source row. */
export const conditionalMetrics: readonly Metric[] = [
  {
    name: "conditional_variance",
    title: "conditional variance",
    group: "plan",
    meaning: `The variance of ${drawsOfRow} generated rows of one source row, summed over columns, mean over source rows. It is 0 without noise, and at most the variance of the target.`,
    onRequest: true,
    better: "target",
    async measure(set, context) {
      const n = Math.min(mostRows, set.sourceRows.size(0));
      const draws = await drawMembers(set, context, { n, members: drawsOfRow });
      if (!draws) return "stopped";
      const variance = tidy(() =>
        stack(draws)
          .flatten({ startDim: 2 })
          .to("float64")
          .var({ dim: 0, correction: 1 })
          .sum(1)
          .mean()
          .item(),
      );
      disposeAll(draws);
      return { value: variance * set.unit ** 2, n };
    },
  },
  {
    name: "crps",
    title: "CRPS of a variable",
    group: "plan",
    meaning: `The continuous ranked probability score of ${drawsOfRow} generated fields of one source field against its known partner, by variable, in its own units. Floor: the last member instead of the partner, which scores the same if the partner looks like a member. Ceiling: other target fields as members.`,
    onRequest: true,
    serves: (data) =>
      ofFields(data) ?? (data.config.pairs === rowPairs ? null : `it needs pairs=${rowPairs}`),
    lacks: ({ subject: { datasets }, options }) =>
      options.split === "test" && `${datasets.x0.heldOut}` === `${datasets.x1.heldOut}`
        ? null
        : "it needs held-out pairs",
    async measure(set, context) {
      const n = Math.min(mostFields, set.sourceRows.size(0));
      const draws = await drawMembers(set, context, { n, members: drawsOfRow });
      if (!draws) return "stopped";
      const rows = tidy(() => {
        const fields = fieldValues(context, set.target);
        const valuesOf = (x: Tensor) => fields.valuesOf(set.target, x);
        const members = stack(draws.map(valuesOf));
        const truth = valuesOf(partnersOf(set, context, n));
        const reserve = valuesOf(set.floorRows());
        const count = Math.min(drawsOfRow, reserve.size(0));
        const [last] = members.narrow(0, drawsOfRow - 1, 1).unbind();
        const scores = scoreOf(members, truth);
        const floor = scoreOf(members.narrow(0, 0, drawsOfRow - 1), last)
          .mean(0)
          .toNumbers();
        const climate = reserve
          .narrow(0, 0, count)
          .unsqueeze(1)
          .expand([count, ...truth.shape]);
        const ceiling = scoreOf(climate, truth).mean(0).toNumbers();
        return perVariable({ title: "CRPS of a variable" }, fields, (k) => ({
          ...measurementOfEstimate(meanEstimate(scores.select(1, k))),
          floor: floor[k],
          ceiling: ceiling[k],
          n,
        }));
      });
      disposeAll(draws);
      return rows;
    },
  },
];
