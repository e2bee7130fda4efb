// The values of fields in the data's own units, variable by variable.
import { columnWasserstein, type Endpoint, quantileMapping } from "@dsbm/bridge";
import { blockMeans, coarseBlock } from "@dsbm/data";
import type { Channels } from "@dsbm/datasets";
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import type { Measurement, Measuring, Metric, MetricData, SampleSet } from "../metric.js";

const ofFields = ({ datasets }: MetricData): string | null =>
  datasets.channels ? null : "it is for NetCDF files and Zarr folders";

/** The number of fields of x [n, C, H, W] with at most so many numbers. */
const affordableCount = (x: Tensor): number =>
  Math.min(x.size(0), Math.max(1, Math.floor((mostNumbers * x.size(0)) / x.numel)));

interface FieldValues {
  /** Names of the variables. */
  names: readonly string[];
  /** Values [n · cells, C], float64, of fields x [n, C, H, W] of a side; only cells with values in all variables. */
  valuesOf(side: Endpoint, x: Tensor): Tensor;
  /** The same values as rows [n, C · cells]. */
  rowsOf(side: Endpoint, x: Tensor): Tensor;
}

/** Numbers that are compared, at most: fields beyond are left aside. */
const mostNumbers = 2 ** 23;

function fieldValues({ subject }: Measuring, side: Endpoint): FieldValues {
  const channels = subject.datasets.channels as NonNullable<typeof subject.datasets.channels>;
  const names = channels[side === "x0" ? "source" : "target"].map(({ name }) => name);
  const cells = validCells(channels);
  const flat = (of: Endpoint, x: Tensor) => {
    const own = subject.own(of, x.narrow(0, 0, affordableCount(x)));
    return own.flatten({ startDim: 2 }).indexSelect(2, cells).to("float64");
  };
  return {
    names,
    valuesOf: (of, x) => byVariable(flat(of, x)),
    rowsOf: (of, x) => flat(of, x).flatten({ startDim: 1 }),
  };
}

/** Values [n, C, cells] as [n · cells, C]. */
const byVariable = (values: Tensor): Tensor => values.transpose(1, 2).reshape([-1, values.size(1)]);

/** Cells of the grid with values in all variables. */
function validCells({ missing, size: [height, width], target }: Channels): Tensor {
  const area = height * width;
  const cells = Array.from({ length: area }, (_, cell) => cell).filter((cell) =>
    target.every((_, k) => missing[k * area + cell] === 0),
  );
  return tensor(BigInt64Array.from(cells, BigInt));
}

const furtherFields = (set: SampleSet): Tensor => {
  const reserve = set.reserve();
  return reserve.narrow(0, 0, Math.min(set.end.size(0), reserve.size(0)));
};

const highQuantile = 0.99;

/** The 99 % quantile of each column of values [n, C]. */
function highQuantiles(values: Tensor): number[] {
  const sorted = values.t().contiguous().sort()[0];
  return Array.from(sorted.select(1, Math.floor(highQuantile * (values.size(0) - 1))).toNumbers());
}

/** A row for each variable. */
const perVariable = (
  names: readonly string[],
  title: (name: string) => string,
  of: (k: number) => Measurement,
): Measurement[] => names.map((name, k) => ({ title: title(name), column: name, ...of(k) }));

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

/** Metrics of the values of fields. */
export const fieldValueMetrics: readonly Metric[] = [
  {
    name: "variable_w1",
    title: "1-Wasserstein of a variable",
    group: "endpoints",
    meaning:
      "The 1-Wasserstein distance between the values of all cells of generated and target fields, by variable, in its own units. Floor: other target fields; ceiling: the untransported source.",
    serves: ofFields,
    measure: (set, context) =>
      tidy(() => {
        const { names, valuesOf } = fieldValues(context, set.side);
        const data = valuesOf(set.side, set.data);
        const values = columnWasserstein(valuesOf(set.side, set.end), data);
        const floors = columnWasserstein(valuesOf(set.side, furtherFields(set)), data);
        const ceilings = columnWasserstein(valuesOf(set.from, set.start), data);
        return perVariable(
          names,
          (name) => `1-Wasserstein of ${name}`,
          (k) => ({ value: values[k], floor: floors[k], ceiling: ceilings[k] }),
        );
      }),
  },
  {
    name: "quantile_mapping_w1",
    title: "1-Wasserstein of quantile mapping",
    group: "endpoints",
    meaning:
      "The value of variable_w1 for quantile mapping instead of the bridge: each cell of a source field gets the value of the same rank among the training fields of the target.",
    serves: (data) => ofFields(data) ?? (data.datasets.chain ? "it is for two datasets" : null),
    measure: (set, context) =>
      tidy(() => {
        const { names, valuesOf, rowsOf } = fieldValues(context, set.side);
        const { datasets } = context.subject;
        const training = (side: Endpoint) => {
          const { train, plain } = datasets[side];
          return rowsOf(side, plain(train.narrow(0, 0, affordableCount(train))));
        };
        const source = rowsOf(set.from, set.start);
        const mapped = quantileMapping(source, training(set.from), training(set.side));
        const fields = mapped.reshape([source.size(0), names.length, -1]);
        const values = columnWasserstein(byVariable(fields), valuesOf(set.side, set.data));
        return perVariable(
          names,
          (name) => `1-Wasserstein of ${name} by quantile mapping`,
          (k) => ({ value: values[k] }),
        );
      }),
  },
  {
    name: "variable_q99",
    title: "99 % quantile of a variable",
    group: "endpoints",
    meaning:
      "The value that 99 % of the values of all cells do not exceed, by variable, in its own units. Target: the quantile of target fields; ceiling: of the untransported source.",
    better: "target",
    serves: ofFields,
    measure: (set, context) =>
      tidy(() => {
        const { names, valuesOf } = fieldValues(context, set.side);
        const of = (side: Endpoint, x: Tensor) => highQuantiles(valuesOf(side, x));
        const values = of(set.side, set.end);
        const targets = of(set.side, set.data);
        const ceilings = of(set.from, set.start);
        return perVariable(
          names,
          (name) => `99 % quantile of ${name}`,
          (k) => ({ value: values[k], target: targets[k], ceiling: ceilings[k] }),
        );
      }),
  },
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
        const { names } = fieldValues(context, set.side);
        const block = coarseBlock(subject.trained.config.data.coarsen);
        const generated = subject.own(set.side, set.end);
        const source = subject.own(set.from, set.start);
        const values = blockDifferences(generated, source, block);
        const ceilings = blockDifferences(generated, source.roll([1], [0]), block);
        return perVariable(
          names,
          (name) => `error of the coarse mean of ${name}`,
          (k) => ({ value: values[k], floor: 0, ceiling: ceilings[k] }),
        );
      }),
  },
];
