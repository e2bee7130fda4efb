// The values of fields in the data's own units, and metrics of them by variable.
import type { Endpoint } from "@dsbm/bridge";
import type { Channels } from "@dsbm/datasets";
import { average } from "@dsbm/runs";
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import { drawsOf } from "../bounds/floor-draws.js";
import { halvesOf } from "../bounds/halves.js";
import { measurementOf } from "../bounds/measurement.js";
import type { Measurement, MeasurementContext, Metric, MetricData, SampleSet } from "../metric.js";

/** Why a metric of fields is not for these data, or null. */
export const ofFields = ({ datasets }: MetricData): string | null =>
  datasets.channels ? null : "it is for NetCDF files and Zarr folders";

/** Numbers that are compared, at most: fields beyond are left aside. */
const mostNumbers = 2 ** 22;

/** The number of fields of x [n, C, H, W] with at most so many numbers. */
export const affordableCount = (x: Tensor): number =>
  Math.min(x.size(0), Math.max(1, Math.floor((mostNumbers * x.size(0)) / x.numel)));

/** The variables of a side, and the values of fields. */
export interface FieldValues {
  /** Variables with their units. */
  variables: Channels["target"];
  /** Values [n, C, cells], float64, of fields x [n, C, H, W] of a side; only cells with values in all variables. */
  valuesOf(side: Endpoint, x: Tensor): Tensor;
}

/** How values of fields are read. */
export function fieldValues({ subject }: MeasurementContext, side: Endpoint): FieldValues {
  const channels = subject.datasets.channels as Channels;
  const cells = validCells(channels);
  return {
    variables: channels[side === "x0" ? "source" : "target"],
    valuesOf(of, x) {
      const own = subject.own(of, x.narrow(0, 0, affordableCount(x)));
      return own.flatten({ startDim: 2 }).indexSelect(2, cells).to("float64");
    },
  };
}

/** Cells of the grid with values in all variables. */
function validCells({ missing, size: [height, width], target }: Channels): Tensor {
  const area = height * width;
  const cells = Array.from({ length: area }, (_, cell) => cell).filter((cell) =>
    target.every((_, k) => missing[k * area + cell] === 0),
  );
  return tensor(BigInt64Array.from(cells, BigInt));
}

/** Values [n, C, cells] as [n · cells, C]. */
export const byVariable = (values: Tensor): Tensor =>
  values.transpose(1, 2).reshape([-1, values.size(1)]);

type VariableFacts = Pick<Metric, "name" | "title" | "meaning" | "serves" | "better">;

/** A row for each variable, named by the title of the metric. */
export const perVariable = (
  { title }: Pick<VariableFacts, "title">,
  { variables }: Pick<FieldValues, "variables">,
  of: (k: number) => Measurement,
): Measurement[] =>
  variables.map(({ name }, k) => ({
    title: title.replace("a variable", name),
    column: name,
    ...of(k),
  }));

/** The values of generated, target, further target and source fields, each [n, C, cells]. */
function valuesIn(set: SampleSet, { valuesOf }: FieldValues) {
  return {
    generated: valuesOf(set.target, set.generatedRows),
    data: valuesOf(set.target, set.targetRows),
    reserve: valuesOf(set.target, set.floorRows()),
    source: valuesOf(set.source, set.sourceRows),
  };
}

/** A distance of values x and y, both [n, C, cells], by variable, with floor, ceiling and intervals. */
export const variableDistance = (
  facts: VariableFacts,
  compare: (x: Tensor, y: Tensor) => number[],
): Metric => ({
  serves: ofFields,
  ...facts,
  group: "endpoints",
  measure: (set, context) =>
    tidy(() => {
      const fields = fieldValues(context, set.target);
      const values = valuesIn(set, fields);
      const { generated, data, source } = values;
      const floors = drawsOf(set, context.options.seed).map((draw) =>
        compare(fields.valuesOf(set.target, draw), data),
      );
      const [value, ceiling] = [generated, source].map((x) => compare(x, data));
      const halves = halvesOf(values, compare, { context });
      return perVariable(facts, fields, (k) => {
        const floor = average(floors.map((of) => of[k]));
        const whole = { value: value[k], floor, ceiling: ceiling[k] };
        return measurementOf(whole, halves[k], { least: 0 });
      });
    }),
});

/** A statistic of values [n, C, cells] by variable, which should be as that of the target; null: not of this variable. */
export const variableStatistic = (
  facts: VariableFacts,
  statistic: (values: Tensor, variables: Channels["target"]) => (number | null)[],
): Metric => ({
  serves: ofFields,
  ...facts,
  group: "endpoints",
  better: "target",
  measure: (set, context) =>
    tidy(() => {
      const fields = fieldValues(context, set.target);
      const of = (x: Tensor) => statistic(x, fields.variables);
      const values = valuesIn(set, fields);
      const { generated, data, source } = values;
      const numbers = { value: of(generated), target: of(data), ceiling: of(source) };
      const halves = halvesOf(values, (x) => of(x).map((one) => one ?? 0), { context });
      return perVariable(facts, fields, (k) => {
        const [value, target, ceiling] = Object.values(numbers).map((one) => one[k]);
        if (value === null || target === null) return { value: null };
        return {
          ...measurementOf({ value, floor: null, ceiling }, halves[k], { isDistance: false }),
          target,
        };
      });
    }),
});
