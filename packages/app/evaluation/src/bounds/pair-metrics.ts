// Metrics that are means over pairs of rows: their values, bounds and halves share one computation of distances.
import {
  evenWeights,
  kernelWidths,
  type PairStatistic,
  subsample,
  type WeightedRows,
  weightedPairMeans,
} from "@dsbm/bridge";
import { average } from "@dsbm/runs";
import { noGrad, type Tensor, tensor, tidy } from "@dsbm/torch";
import type { Measurement, MeasurementContext, SampleSet } from "../metric.js";
import type { SampleSubject } from "../subject.js";
import { drawsOf } from "./floor-draws.js";
import { type Halves, halfNumbers, halfPlaces, mostHalves } from "./halves.js";
import { measurementOf, type WholeValue } from "./measurement.js";

/** Statistics of the same distances. */
export interface PairGroup<Name extends string> {
  /** Differs between groups. */
  readonly key: string;
  /** Further target rows are compared so often for the floor. */
  readonly draws: number;
  readonly isDecisive?: boolean;
  /** Features of a set to compare instead of rows. */
  view?(set: SampleSet): (x: Tensor) => Tensor;
  /** `widths` are bandwidths from data alone. */
  statistics(widths: () => number[]): Record<Name, PairStatistic>;
}

/** How a statistic becomes a measurement. */
interface PairUnits {
  /** The statistic's unit as a power of the unit of the rows. */
  power: 0 | 1;
  isSigned?: boolean;
}

const mostRows = 1000;

/** Measures a statistic of a group. The first of a group measures all of them. */
export function measurePairs<S extends SampleSubject, Name extends string>(
  group: PairGroup<Name>,
  name: NoInfer<Name>,
  { set, context, ...options }: { set: SampleSet; context: MeasurementContext<S> } & PairUnits,
): Measurement {
  const comparisons = context.once(
    `pairs/${group.key}`,
    () => noGrad(() => tidy(() => compareGroup(group, set, context))),
    set,
  );
  const { whole, halves } = comparisons[name];
  const unit = set.unit ** options.power;
  const inUnits = (x: number) => x * unit;
  const measurement: WholeValue = {
    value: inUnits(whole.value),
    floor: whole.floor === null ? null : inUnits(whole.floor),
    ceiling: whole.ceiling === null ? null : inUnits(whole.ceiling),
  };
  const n = Math.min(mostRows, set.generatedRows.size(0));
  if (halves.value.length === 0) return { ...measurement, n };
  const halvesInUnits: Halves = {
    value: halves.value.map(inUnits),
    floors: halves.floors.map(([a, b]) => [inUnits(a), inUnits(b)]),
    ceiling: halves.ceiling.map(inUnits),
  };
  const least = options.isSigned ? undefined : 0;
  return { ...measurementOf(measurement, halvesInUnits, { isSquare: true, least }), n };
}

/** Rows [n, …] with weights of the whole sample, then of its halves. */
interface HalvedRows extends WeightedRows {
  /** Number of rows of the sample and of each half. */
  counts: number[];
}

const wholeOnly = (rows: Tensor): HalvedRows => ({ ...evenWeights(rows), counts: [rows.size(0)] });

function withHalves(
  rows: Tensor,
  of: "generated" | "data" | "source",
  { count, seed }: { count: number; seed: number },
): HalvedRows {
  const n = rows.size(0);
  const counts = [n];
  const weights = new Float64Array((count + 1) * n).fill(1 / n, 0, n);
  for (let k = 0; k < count; k++) {
    const places = halfPlaces(n, of, { k, rows: n, seed }).toNumbers();
    for (const place of places) weights[(k + 1) * n + place] = 1 / places.length;
    counts.push(places.length);
  }
  return { rows, weights: tensor(weights).view([count + 1, n]), counts };
}

/** Means within a sample, of its whole and its halves, for each statistic. */
type WithinMeans = number[][];

/** The values of statistics of a sample against the data, [statistic][whole and halves]. */
function valuesOf(
  statistics: readonly PairStatistic[],
  x: HalvedRows,
  data: HalvedRows & { within: WithinMeans },
): number[][] {
  const kernels = statistics.map(({ kernel }) => kernel);
  const between = weightedPairMeans(x, data, kernels);
  const withinX = weightedPairMeans(x, x, kernels);
  return statistics.map(({ combine }, i) =>
    between[i].map((mean, k) =>
      combine(
        { between: mean, withinX: withinX[i][k], withinY: data.within[i][k] },
        x.counts[k],
        data.counts[k],
      ),
    ),
  );
}

/** Values of data, reserve and source, kept for further sets with the same rows. */
interface PairBounds {
  /** Number of halves. */
  count: number;
  within: WithinMeans;
  /** [statistic][draw]. */
  floors: number[][];
  /** [half][statistic], of two halves of the reserve. */
  floorHalves: [number[], number[]][];
  /** [statistic][whole and halves]; null without source. */
  ceilings: number[][] | null;
}

function compareGroup<S extends SampleSubject, Name extends string>(
  group: PairGroup<Name>,
  set: SampleSet,
  context: MeasurementContext<S>,
): Record<Name, { whole: WholeValue; halves: Halves }> {
  const { seed } = context.options;
  const view = group.view?.(set) ?? ((x: Tensor) => x);
  const rowsOf = (x: Tensor, side: "x" | "y") => view(subsample(x, side, { most: mostRows, seed }));
  const widths = () =>
    context.once(`widths/${group.key}/${set.key}`, () => {
      const [draw] = drawsOf(set, seed, 1);
      return kernelWidths(rowsOf(draw, "x"), rowsOf(set.targetRows, "y"), { seed });
    });
  const named = Object.entries(group.statistics(widths)) as [Name, PairStatistic][];
  const statistics = named.map(([, statistic]) => statistic);
  const dataRows = rowsOf(set.targetRows, "y");
  const bounds = context.once(`pairs/${group.key}/${set.key}`, () =>
    boundsOf({ group, set, context, statistics, dataRows, view, rowsOf }),
  );
  const { count } = bounds;
  const data = { ...withHalves(dataRows, "data", { count, seed }), within: bounds.within };
  const generated = withHalves(rowsOf(set.generatedRows, "x"), "generated", { count, seed });
  const values = valuesOf(statistics, generated, data);
  const comparisons = named.map(([name], i) => {
    const [value, ...ofHalves] = values[i];
    const [ceiling = null, ...ceilingHalves] = bounds.ceilings?.[i] ?? [];
    const floors = bounds.floors[i];
    const whole = { value, floor: floors.length > 0 ? average(floors) : null, ceiling };
    const floorHalves = bounds.floorHalves.map(([a, b]): [number, number] => [a[i], b[i]]);
    return [
      name,
      { whole, halves: { value: ofHalves, floors: floorHalves, ceiling: ceilingHalves } },
    ];
  });
  return Object.fromEntries(comparisons);
}

interface BoundsWork<S extends SampleSubject> {
  group: PairGroup<string>;
  set: SampleSet;
  context: MeasurementContext<S>;
  statistics: readonly PairStatistic[];
  dataRows: Tensor;
  view(x: Tensor): Tensor;
  rowsOf(x: Tensor, side: "x" | "y"): Tensor;
}

function boundsOf<S extends SampleSubject>(work: BoundsWork<S>): PairBounds {
  const { group, set, context, statistics, dataRows, rowsOf } = work;
  const { seed, intervals } = context.options;
  const { floor: hasFloor, ceiling: hasCeiling } = set.bounds ?? { floor: true, ceiling: true };
  const most = intervals ? mostHalves(group.isDecisive) : 0;
  const all = withHalves(dataRows, "data", { count: most, seed });
  const kernels = statistics.map(({ kernel }) => kernel);
  const within = weightedPairMeans(all, all, kernels);
  const whole = { ...wholeOnly(dataRows), within: within.map(([mean]) => [mean]) };
  const draws = hasFloor ? drawsOf(set, seed, group.draws) : [];
  const ofDraws = draws.map((draw) => valuesOf(statistics, wholeOnly(rowsOf(draw, "x")), whole));
  const floorHalves = intervals && hasFloor ? floorHalvesOf(work, within) : [];
  const count = hasFloor ? floorHalves.length : most;
  const source = () => withHalves(rowsOf(set.sourceRows, "x"), "source", { count, seed });
  const data = { ...withHalves(dataRows, "data", { count, seed }), within };
  return {
    count,
    within,
    floors: statistics.map((_, i) => ofDraws.map((values) => values[i][0])),
    floorHalves,
    ceilings: hasCeiling ? valuesOf(statistics, source(), data) : null,
  };
}

/** Values of two halves of the reserve against a half of the data, as often as the time allows. */
function floorHalvesOf<S extends SampleSubject>(
  { group, set, context, statistics, dataRows, view }: BoundsWork<S>,
  within: WithinMeans,
): [number[], number[]][] {
  const { seed, clock } = context.options;
  const reserve = view(set.floorRows());
  const rows = Math.min(mostRows, set.generatedRows.size(0));
  const halves: [number[], number[]][] = [];
  for (const k of halfNumbers(clock, group.isDecisive))
    tidy(() => {
      const half = dataRows.indexSelect(0, halfPlaces(dataRows.size(0), "data", { k, rows, seed }));
      const data = { ...wholeOnly(half), within: within.map((means) => [means[k + 1]]) };
      const valuesOfPart = (part: 0 | 1) => {
        const places = halfPlaces(reserve.size(0), "reserve", { k, part, rows, seed });
        const x = wholeOnly(reserve.indexSelect(0, places));
        return valuesOf(statistics, x, data).map(([value]) => value);
      };
      halves.push([valuesOfPart(0), valuesOfPart(1)]);
    });
  return halves;
}
