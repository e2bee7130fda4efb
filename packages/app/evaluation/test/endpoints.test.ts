// Every metric of endpoints against its definition, written plainly: value, floor, ceiling and the intervals of halves.
import { kernelWidths, stream } from "@dsbm/bridge";
import { Clock, silentProgress } from "@dsbm/runs";
import { randn, randperm, setNumThreads, type Tensor, tensor, tidy } from "@dsbm/torch";
import { afterAll, beforeAll, expect, it } from "vitest";
import { normal, sum } from "../../../../test/support/numbers.js";
import { MeasurementContext, type SampleSet } from "../src/metric.js";
import { endpointMetrics } from "../src/metrics/endpoints.js";
import { measureSet, type SetMeasurement } from "../src/set-measurement.js";
import type { SampleSubject } from "../src/subject.js";
import { noSet } from "./set.js";

const rowCount = 6;
const seed = 5;
const unit = 3;

type RowLists = number[][];
const rowsOf = (x: Tensor): RowLists => Array.from(x.unbind(), (row) => [...row.toNumbers()]);
const mean = (values: readonly number[]) => sum(values) / values.length;
const distance = (a: number[], b: number[]) => Math.hypot(...a.map((value, i) => value - b[i]));
const pairs = (x: RowLists, y: RowLists) => x.flatMap((a, i) => y.map((b, j) => ({ a, b, i, j })));
const meanOf = (x: RowLists, y: RowLists, of: (a: number[], b: number[]) => number) =>
  mean(pairs(x, y).map(({ a, b }) => of(a, b)));
const variance = (values: number[]) =>
  values.reduce((sum, x) => sum + (x - mean(values)) ** 2, 0) / (values.length - 1);
const columns = (x: RowLists) => [x.map(([a]) => a), x.map(([, b]) => b)];

/** The least mean cost of a permutation. */
function leastCost(x: RowLists, y: RowLists, p: number, used = 0): number {
  const i = x.length - y.filter((_, j) => (used & (1 << j)) === 0).length;
  if (i === x.length) return 0;
  return Math.min(
    ...y.map((row, j) =>
      used & (1 << j)
        ? Number.POSITIVE_INFINITY
        : distance(x[i], row) ** p / x.length + leastCost(x, y, p, used | (1 << j)),
    ),
  );
}

function leastRatio(x: RowLists, y: RowLists): number {
  const [a, b] = columns(y);
  const covariance =
    a.reduce((sum, value, i) => sum + (value - mean(a)) * (b[i] - mean(b)), 0) / (a.length - 1);
  const angle = Math.atan2(2 * covariance, variance(a) - variance(b)) / 2;
  const along = (rows: RowLists, turn: number) =>
    variance(rows.map(([u, v]) => u * Math.cos(angle + turn) + v * Math.sin(angle + turn)));
  const first = along(y, 0);
  const second = along(y, Math.PI / 2);
  const ratios = [along(x, 0) / first, along(x, Math.PI / 2) / second];
  return first > 0.95 * (first + second) ? ratios[0] : Math.min(...ratios);
}

function slicedDistance(x: RowLists, y: RowLists): number {
  const theta = tidy(() => {
    const generator = stream(seed, "metric/directions");
    return rowsOf(randn([128, 2], { generator, dtype: "float64" }));
  });
  const sorted = (rows: RowLists, [u, v]: number[]) =>
    rows.map(([a, b]) => (a * u + b * v) / Math.hypot(u, v)).sort((a, b) => a - b);
  const squares = theta.map((direction) => {
    const other = sorted(y, direction);
    return mean(sorted(x, direction).map((value, i) => (value - other[i]) ** 2));
  });
  return Math.sqrt(mean(squares));
}

function kernelDistance(x: RowLists, y: RowLists, widths: number[]): number {
  const kernel = (a: number[], b: number[]) =>
    mean(widths.map((h) => Math.exp(-(distance(a, b) ** 2) / (2 * h * h))));
  const others = (rows: RowLists) =>
    mean(pairs(rows, rows).flatMap(({ a, b, i, j }) => (i === j ? [] : [kernel(a, b)])));
  return others(x) + others(y) - 2 * meanOf(x, y, kernel);
}

const totalVariance = (x: RowLists) => mean(columns(x).map(variance));

/** Name, definition, power of the unit, draws of the floor, halves (0: no interval), isSquare, least value. */
const definitions: [
  string,
  (x: RowLists, y: RowLists, widths: number[]) => number,
  { power: number; draws: number; halves: number; isSquare?: boolean; least?: number },
][] = [
  ["sliced_w2", slicedDistance, { power: 1, draws: 8, halves: 32, least: 0 }],
  ["w2", (x, y) => Math.sqrt(leastCost(x, y, 2)), { power: 1, draws: 4, halves: 0 }],
  ["w1", (x, y) => leastCost(x, y, 1), { power: 1, draws: 4, halves: 0 }],
  [
    "variance_ratio",
    (x, y) => totalVariance(x) / totalVariance(y),
    { power: 0, draws: 8, halves: 12, least: 0 },
  ],
  ["variance_ratio_least", leastRatio, { power: 0, draws: 8, halves: 12, least: 0 }],
  [
    "energy_distance",
    (x, y) =>
      Math.max(0, 2 * meanOf(x, y, distance) - meanOf(x, x, distance) - meanOf(y, y, distance)),
    { power: 1, draws: 2, halves: 12, isSquare: true, least: 0 },
  ],
  ["mmd", kernelDistance, { power: 0, draws: 2, halves: 12, isSquare: true }],
];

const subject: SampleSubject = {
  datasets: { shape: [2] },
  trained: { config: { metrics: { inception: null, fid_statistics: null } } },
  names: null,
  own: (_, rows) => rows,
};

interface ComparedSamples {
  sourceRows: Tensor;
  generatedRows: Tensor;
  targetRows: Tensor;
  reserve: Tensor;
}

/** What a definition gives for the rows, with the draws and halves of the evaluation. */
function definedRow([, define, facts]: (typeof definitions)[number], rows: ComparedSamples) {
  const all = {
    generated: rowsOf(rows.generatedRows),
    data: rowsOf(rows.targetRows),
    reserve: rowsOf(rows.reserve),
    source: rowsOf(rows.sourceRows),
  };
  const drawn = (from: RowLists, of: string, count: number) =>
    [...randperm(from.length, { generator: stream(seed, `quality/${of}`) }).toNumbers()]
      .slice(0, count)
      .map((i) => from[i]);
  const half = (of: keyof typeof all, k: number) => drawn(all[of], `half/${of}/${k}`, rowCount / 2);
  const draw = (k: number) => drawn(all.reserve, `floor/${k}`, rowCount);
  const widths = kernelWidths(tensor(draw(0)), rows.targetRows, { seed });
  const value = (x: RowLists, y: RowLists) => define(x, y, widths) * unit ** facts.power;
  const numbers = (count: number) => Array.from({ length: count }, (_, k) => k);
  const close = (x: number) => expect.closeTo(x, 5);
  const whole = value(all.generated, all.data);
  const floor = mean(numbers(facts.draws).map((k) => value(draw(k), all.data)));
  const bounds = { floor: close(floor), ceiling: close(value(all.source, all.data)) };
  if (facts.halves === 0) return { value: close(whole), ...bounds };
  const interval = (at: number, of: "generated" | "reserve", share: number) => {
    const halves = numbers(facts.halves).map((k) => value(half(of, k), half("data", k)));
    const deviation = share * Math.sqrt(variance(halves));
    const low = Math.max(at - 1.96 * deviation, facts.least ?? Number.NEGATIVE_INFINITY);
    return [close(low), close(at + 1.96 * deviation)];
  };
  return {
    ...bounds,
    value: close(whole),
    interval: interval(whole, "generated", 1),
    floor_interval: interval(floor, "reserve", facts.isSquare ? 1 / 2 : Math.SQRT1_2),
  };
}

let samples: ComparedSamples;
let measuredSet: SetMeasurement | null;
beforeAll(async () => {
  setNumThreads(1);
  samples = tidy(() => ({
    sourceRows: normal([rowCount, 2], 1).add(2),
    generatedRows: normal([rowCount, 2], 2),
    targetRows: normal([rowCount, 2], 3),
    reserve: normal([20, 2], 4),
  }));
  const { reserve, ...rows } = samples;
  const set: SampleSet = { ...noSet, ...rows, unit, floorRows: () => reserve };
  using context = new MeasurementContext(subject, {
    ...{ n: rowCount, seed, split: "test", exact: 2000, threads: 1, intervals: true },
    ...{ clock: new Clock(), progress: silentProgress, signal: undefined },
  });
  const chosen = endpointMetrics.filter((metric) => definitions.some(([n]) => n === metric.name));
  measuredSet = await measureSet(set, chosen, context);
});
afterAll(() => {
  for (const t of Object.values(samples)) t.dispose();
});

it.each(definitions)("%s has the values of its definition", (...definition) => {
  const row = measuredSet?.rows.find(({ name }) => name === definition[0]);
  expect(row).toMatchObject(tidy(() => definedRow(definition, samples)));
});
