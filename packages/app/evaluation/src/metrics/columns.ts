import { columnWasserstein } from "@dsbm/bridge";
import { strayValues } from "@dsbm/inference";
import { type Tensor, tidy } from "@dsbm/torch";
import { drawsOf, halvesOf, measurementOf } from "../bounds.js";
import type { Measurement, Metric } from "../metric.js";
import type { SampleSubject } from "../subject.js";
import { forVectors } from "./endpoints.js";

const mostColumns = 200;

export const columnMetric: Metric<SampleSubject> = {
  name: "column_w1",
  title: "1-Wasserstein of a column",
  group: "columns",
  meaning:
    "The 1-Wasserstein distance between generated and target values of a column, in its own units. Floor: other target rows; ceiling: the untransported source.",
  serves: forVectors,
  measure: (set, context) =>
    tidy(() => {
      const { own, names } = context.subject;
      const { seed } = context.options;
      const data = own(set.side, set.data);
      const generated = own(set.side, set.end);
      const source = own(set.from, set.start);
      const values = columnWasserstein(generated, data);
      const floors = drawsOf(set, seed).map((draw) => columnWasserstein(own(set.side, draw), data));
      const ceilings = columnWasserstein(source, data);
      const halves = halvesOf(
        { generated, data, reserve: own(set.side, set.reserve()), source },
        (x, y) => columnWasserstein(x, y),
        { context },
      );
      const deviations = data.to("float64").std({ dim: 0, correction: 1 }).toNumbers();
      return values
        .map((value, k): { off: number; row: Measurement } => {
          const deviation = deviations[k];
          const constant = value > 0 ? Number.MAX_VALUE : 0;
          const column = names?.length === values.length ? names[k] : `column ${k + 1}`;
          const floor = floors.reduce((sum, of) => sum + of[k], 0) / floors.length;
          const whole = { value, floor, ceiling: ceilings[k] };
          return {
            off: deviation > 0 ? value / deviation : constant,
            row: {
              ...measurementOf(whole, halves[k], {
                least: 0,
              }),
              title: `1-Wasserstein of ${column}`,
              column,
            },
          };
        })
        .sort((a, b) => b.off - a.off)
        .slice(0, mostColumns)
        .map(({ row }) => row);
    }),
};

/** The values that `dsbm sample` warns about. */
export const strayMetric: Metric = {
  name: "out_of_range",
  title: "values out of range",
  group: "endpoints",
  meaning:
    "The share of generated values outside the range of their column, or not whole in a column of whole numbers. Floor: held-out data.",
  serves: ({ datasets }) => (datasets.columns ? null : "it is for tables"),
  measure: (set, { subject }) => {
    const { columns } = subject.trained;
    const counted = (x: Tensor) => {
      const stray = strayValues(columns as NonNullable<typeof columns>, set.direction);
      stray.add(
        tidy(() =>
          subject
            .own(set.side, x)
            .to("float64")
            .unbind({ dim: 1 })
            .map((column) => column.toArray()),
        ) as Float64Array[],
      );
      return stray;
    };
    const generated = counted(set.end);
    const note = generated.lines().join("; ");
    return { value: generated.share(), floor: counted(set.data).share(), ...(note && { note }) };
  },
};
