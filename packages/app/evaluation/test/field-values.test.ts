// Metrics of the values of fields, on fields whose values have closed forms.
import { Clock } from "@dsbm/runs";
import { randn, setNumThreads, type Tensor, tensor } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { generatorOf } from "../../../../test/support/numbers.js";
import type { Measurement, MeasurementContext } from "../src/metric.js";
import {
  fieldCorrelationMetrics,
  spatialErrors,
  variableErrors,
} from "../src/metrics/field-correlations.js";
import { blockDifferences, fieldValueMetrics } from "../src/metrics/field-values.js";
import { noSet } from "./set.js";

beforeAll(() => setNumThreads(1));

const n = 8;
const size = [2, 4] as const;
/** Fields of one variable: value(row, cell). */
const fields = (value: (row: number, cell: number) => number): Tensor =>
  tensor(
    Float32Array.from({ length: 8 * n }, (_, i) => value(Math.floor(i / 8), i % 8)),
    { shape: [n, 1, ...size] },
  );

/** A run on two by four cells; the last cell never has a value. */
const channels = {
  source: [{ name: "pr" }],
  target: [{ name: "rain", units: "mm/d" }],
  missing: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1),
  size,
};

const context = {
  subject: {
    datasets: { channels },
    trained: { config: { data: { coarsen: "mean:2" } } },
    own: (_: unknown, x: Tensor) => x.to("float64"),
  },
  options: { seed: 1, clock: new Clock() },
  once: (_: string, make: () => unknown) => make(),
} as unknown as MeasurementContext;

async function rowsOf(
  name: string,
  sets: Record<"sourceRows" | "generatedRows" | "targetRows", Tensor>,
) {
  const metric = [...fieldValueMetrics, ...fieldCorrelationMetrics].find(
    (one) => one.name === name,
  );
  if (!metric || !("measure" in metric)) throw new Error(name);
  const set = { ...noSet, ...sets, floorRows: () => sets.targetRows };
  const plain = (x: Tensor) => x;
  Object.assign(context.subject.datasets, {
    x0: { train: sets.sourceRows, plain },
    x1: { train: sets.targetRows, plain },
  });
  return (await metric.measure(set, context)) as Measurement[];
}

const ramp = (row: number, cell: number) => row + (cell === 7 ? 1000 : cell / 10);

it.each([
  ["variable_w1", { value: 2, floor: 0, ceiling: 5 }],
  // The shift is a quantile map.
  ["quantile_mapping_w1", { value: 0 }],
  // Of 56 values in rising order, the one at place ⌊.99 · 55⌋ = 54 counts from 0.
  ["variable_q99", { value: 7.5 + 2, target: 7.5, ceiling: 7.5 - 5 }],
  // Of 8 fields, the first one has less than 1 mm, and after the shift none; of the source three fields more are partly dry.
  ["wet_share", { value: 1, target: 7 / 8 }],
  ["spatial_correlation", { value: 0, ceiling: 0 }],
])("%s is the shift of shifted fields, without cells that lack values", async (name, expected) => {
  const [row] = await rowsOf(name, {
    targetRows: fields(ramp),
    generatedRows: fields((i, cell) => ramp(i, cell) + 2),
    sourceRows: fields((i, cell) => ramp(i, cell) - 5),
  });
  expect(row.column).toBe("rain");
  for (const [key, value] of Object.entries(expected))
    expect(row[key as keyof Measurement]).toBeCloseTo(value, 5);
});

it("the error of the coarse mean ignores what has mean 0 in a block", async () => {
  const coarse = (row: number) => (row % 2) * 6;
  const checkers = (cell: number) => ((cell + Math.floor(cell / 4)) % 2 === 0 ? 1 : -1);
  const [row] = await rowsOf("coarse_mean_error", {
    targetRows: fields(coarse),
    sourceRows: fields(coarse),
    generatedRows: fields((i, cell) => coarse(i) + checkers(cell)),
  });
  expect(row).toMatchObject({ value: 0, floor: 0, ceiling: 6 });
  const shifted = fields((i) => coarse(i) + 3);
  expect(blockDifferences(shifted, fields(coarse), 2)).toEqual([3]);
});

it("independent cells and variables have correlations that are off by 1 from equal ones", () => {
  // Equal, and independent, cells and variables: correlations 1 against 0.
  const noise = randn([4000, 2, 3], { generator: generatorOf(1), dtype: "float64" });
  const equal = noise.narrow(1, 0, 1).narrow(2, 0, 1).expand([4000, 2, 3]).clone();
  for (const errors of [spatialErrors(equal, noise), variableErrors(equal, noise)])
    for (const error of errors) expect(Math.abs(error - 1)).toBeLessThan(0.05);
  expect(spatialErrors(equal, equal)).toEqual([0, 0]);
});
