// The values of fields in the data's own units, variable by variable.
import { columnWasserstein, type Endpoint, quantileMapping } from "@dsbm/bridge";
import { blockMeans, coarseBlock } from "@dsbm/data";
import { type Tensor, tidy } from "@dsbm/torch";
import type { Metric } from "../metric.js";
import {
  affordableCount,
  byVariable,
  fieldValues,
  ofFields,
  perVariable,
  variableDistance,
  variableStatistic,
} from "./field-samples.js";

const highQuantile = 0.99;

/** The 99 % quantile of each variable of values [n, C, cells]. */
function highQuantiles(values: Tensor): number[] {
  const sorted = byVariable(values).t().contiguous().sort()[0];
  const place = Math.floor(highQuantile * (sorted.size(1) - 1));
  return Array.from(sorted.select(1, place).toNumbers());
}

/** The amount of rain above which a day is wet, 1 mm, in these units; null for other units. */
const wetAmount = (units: string | null): number | null => {
  if (/^mm ?(\/ ?d(ay)?|d(ay)?(\^|\*\*)?-1)$/.test(units ?? "")) return 1;
  return /^kg ?(\/ ?m2 ?\/ ?s|m-2 ?s-1)$/.test(units ?? "") ? 1 / 86_400 : null;
};

/** Root mean square differences of block means between fields x and y, both [n, C, H, W] in own units, by variable. */
export function blockDifferences(x: Tensor, y: Tensor, block: number): number[] {
  const [, channels, height, width] = x.shape as [number, number, number, number];
  return Array.from({ length: channels }, (_, k) => {
    const [a, b] = [x, y].map((fields) => {
      const planes = tidy(() => fields.select(1, k).to("float32").contiguous().toArray());
      return blockMeans(planes as Float32Array, [height, width], block);
    });
    const sum = a.reduce((total, value, i) => total + (value - b[i]) ** 2, 0);
    return Math.sqrt(sum / a.length);
  });
}

const mappingTitle = { title: "1-Wasserstein of a variable by quantile mapping" };
const coarseTitle = { title: "error of the coarse mean of a variable" };

/** Metrics of the values of fields. */
export const fieldValueMetrics: readonly Metric[] = [
  variableDistance(
    {
      name: "variable_w1",
      title: "1-Wasserstein of a variable",
      meaning:
        "The 1-Wasserstein distance between the values of all cells of generated and target fields, by variable, in its own units. Floor: other target fields; ceiling: the untransported source.",
    },
    (x, y) => columnWasserstein(byVariable(x), byVariable(y)),
  ),
  {
    name: "quantile_mapping_w1",
    title: "1-Wasserstein of quantile mapping",
    group: "endpoints",
    meaning:
      "The value of variable_w1 for quantile mapping instead of the bridge: each cell of a source field gets the value of the same rank among the training fields of the target.",
    serves: (data) => ofFields(data) ?? (data.datasets.chain ? "it is for two datasets" : null),
    measure: (set, context) =>
      tidy(() => {
        const fields = fieldValues(context, set.target);
        const { datasets } = context.subject;
        const rowsOf = (side: Endpoint, x: Tensor) =>
          fields.valuesOf(side, x).flatten({ startDim: 1 });
        const training = (side: Endpoint) => {
          const { train, plain } = datasets[side];
          return rowsOf(side, plain(train.narrow(0, 0, affordableCount(train))));
        };
        const source = rowsOf(set.source, set.sourceRows);
        const mapped = quantileMapping(source, training(set.source), training(set.target));
        const shape = [source.size(0), fields.variables.length, -1];
        const data = fields.valuesOf(set.target, set.targetRows);
        const values = columnWasserstein(byVariable(mapped.reshape(shape)), byVariable(data));
        return perVariable(mappingTitle, fields, (k) => ({ value: values[k] }));
      }),
  },
  variableStatistic(
    {
      name: "variable_q99",
      title: "99 % quantile of a variable",
      meaning:
        "The value that 99 % of the values of all cells do not exceed, by variable, in its own units. Target: the quantile of target fields; ceiling: of the untransported source.",
    },
    highQuantiles,
  ),
  variableStatistic(
    {
      name: "wet_share",
      title: "share of wet days of a variable",
      meaning:
        "The share of cells with at least 1 mm of rain a day, of variables in mm/d or kg m-2 s-1. Target: the share in target fields; ceiling: in the untransported source.",
      serves: (data) =>
        ofFields(data) ??
        (data.datasets.channels?.target.some(({ units }) => wetAmount(units) !== null)
          ? null
          : "no variable has the units mm/d or kg m-2 s-1"),
    },
    (values, variables) =>
      variables.map(({ units }, k) => {
        const amount = wetAmount(units);
        return amount === null ? null : values.select(1, k).ge(amount).to("float64").mean().item();
      }),
  ),
  {
    name: "coarse_mean_error",
    title: "error of the coarse mean",
    group: "endpoints",
    meaning:
      "The root mean square difference between generated fields and their source fields in the means of the blocks of data.coarsen, by variable, in its own units. Ceiling: source fields of other generated fields.",
    serves: ({ datasets, config }) =>
      datasets.channels && config.data.coarsen !== null ? null : "it needs data.coarsen",
    lacks: (_, { direction }) => (direction === "f" ? null : "it is for finer fields, forward"),
    measure: (set, context) =>
      tidy(() => {
        const { subject } = context;
        const block = coarseBlock(subject.trained.config.data.coarsen);
        const generated = subject.own(set.target, set.generatedRows);
        const source = subject.own(set.source, set.sourceRows);
        const values = blockDifferences(generated, source, block);
        const ceilings = blockDifferences(generated, source.roll([1], [0]), block);
        return perVariable(coarseTitle, fieldValues(context, set.target), (k) => ({
          value: values[k],
          floor: 0,
          ceiling: ceilings[k],
        }));
      }),
  },
];
