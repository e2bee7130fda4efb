// The distance of each column, and of the levels of each category.
import { columnWasserstein } from "@dsbm/bridge";
import { type CategoryBlock, categoryBlocks } from "@dsbm/data";
import { average, columnName } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import { drawsOf } from "../bounds/floor-draws.js";
import { halvesOf } from "../bounds/halves.js";
import { measurementOf } from "../bounds/measurement.js";
import type { Measurement, Metric } from "../metric.js";
import type { SampleSubject } from "../subject.js";
import { forVectors } from "./endpoints.js";

const mostColumns = 200;

/** The distance of each column, the worst first. */
export const columnMetric: Metric<SampleSubject> = {
  name: "column_w1",
  title: "1-Wasserstein of a column",
  group: "columns",
  meaning:
    "The 1-Wasserstein distance between generated and target values of a column, in its own units; of a category, the share of rows with too many of their level. Floor: other target rows; ceiling: the untransported source.",
  serves: forVectors,
  measure: (set, context) =>
    tidy(() => {
      const { subject } = context;
      const { own } = subject;
      const { seed } = context.options;
      const data = own(set.target, set.targetRows);
      const generated = own(set.target, set.generatedRows);
      const source = own(set.source, set.sourceRows);
      const columns = columnsIn(subject, data.size(1));
      const compare = (x: Tensor, y: Tensor) => columnDistances(x, y, columns);
      const values = compare(generated, data);
      const floors = drawsOf(set, seed).map((draw) => compare(own(set.target, draw), data));
      const ceilings = compare(source, data);
      const halves = halvesOf(
        { generated, data, reserve: own(set.target, set.floorRows()), source },
        compare,
        { context },
      );
      const deviations = data.to("float64").std({ dim: 0, correction: 1 }).toNumbers();
      return columns
        .map(({ name, first, count, isCategory }, k): { off: number; row: Measurement } => {
          const value = values[k];
          const deviation = Math.hypot(...deviations.slice(first, first + count));
          const constant = value > 0 ? Number.MAX_VALUE : 0;
          const floor = average(floors.map((of) => of[k]));
          const whole = { value, floor, ceiling: ceilings[k] };
          return {
            off: deviation > 0 ? value / deviation : constant,
            row: {
              ...measurementOf(whole, halves[k], { least: 0 }),
              title: isCategory ? `shares of ${name}` : `1-Wasserstein of ${name}`,
              column: name,
            },
          };
        })
        .sort((a, b) => b.off - a.off)
        .slice(0, mostColumns)
        .map(({ row }) => row);
    }),
};

/** A column of a table: one coordinate, or the levels of a category. */
interface MeasuredColumn {
  name: string;
  first: number;
  count: number;
  isCategory: boolean;
}

/** The columns of d coordinates. */
function columnsIn(
  { names: known, categories = [] }: Pick<SampleSubject, "names" | "categories">,
  d: number,
): MeasuredColumn[] {
  const names = known?.length === d ? known : null;
  const blocks = names ? categoryBlocks(names, categories) : [];
  const columns: MeasuredColumn[] = [];
  for (let k = 0; k < d; ) {
    const block: CategoryBlock | undefined = blocks.find(({ first }) => first === k);
    const count = block?.levels.length ?? 1;
    const name = block?.name ?? (names ? names[k] : columnName(k));
    columns.push({ name, first: k, count, isCategory: block !== undefined });
    k += count;
  }
  return columns;
}

/** The 1-Wasserstein distance of each column of x [n, d] and y [m, d]; of a category, the total variation distance of its shares. */
function columnDistances(x: Tensor, y: Tensor, columns: readonly MeasuredColumn[]): number[] {
  const distances = columnWasserstein(x, y);
  return columns.map(({ first, count, isCategory }) => {
    const sum = distances.slice(first, first + count).reduce((a, b) => a + b, 0);
    return isCategory ? sum / 2 : sum;
  });
}
