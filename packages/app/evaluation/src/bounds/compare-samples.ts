// A metric of two samples, with its floor, its ceiling and its interval.
import { subsample } from "@dsbm/bridge";
import { average } from "@dsbm/runs";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import type {
  Compared,
  Comparison,
  MaybeLater,
  Measurement,
  MeasurementContext,
  SampleSet,
  TwoSampleMetric,
} from "../metric.js";
import type { SampleSubject } from "../subject.js";
import { distanceExcess } from "./excess.js";
import { drawsOf, usualDraws } from "./floor-draws.js";
import { type Halves, halvesOf } from "./halves.js";
import { measurementOf, measurementOfEstimate, type WholeValue } from "./measurement.js";

/** A metric as it compares the rows of one set. */
interface SetComparison {
  /** Maximum rows of each side. */
  cap: number;
  view(x: Tensor): Tensor;
  /** At most `cap` rows of x [n, …], as the metric views them. */
  rowsOf(x: Tensor, side: "x" | "y"): Tensor;
  /** The metric of x against y, in the units of the data. */
  compare(x: Tensor, y: Tensor): MaybeLater<Compared>;
}

/** Measures a metric of two samples. Bounds are kept for later sets with the same rows. */
export async function compareSamples<S extends SampleSubject>(
  metric: TwoSampleMetric<S>,
  set: SampleSet,
  context: MeasurementContext<S>,
): Promise<Measurement> {
  const comparison = comparisonOn(metric, set, context);
  const key = `bounds/${metric.name}/${set.key}`;
  // Promises hold no tensors.
  const { later } = noGrad(() =>
    tidy(() => {
      const end = comparison.rowsOf(set.generatedRows, "x");
      const data = comparison.rowsOf(set.targetRows, "y");
      const start = comparison.rowsOf(set.sourceRows, "x");
      const value = comparison.compare(end, data);
      // A metric that is computed in a thread brings its own interval.
      const halves =
        context.options.intervals && !(value instanceof Promise)
          ? halvesOf(
              {
                generated: end,
                data,
                reserve: boundsIn(set).floor ? comparison.view(set.floorRows()) : null,
                source: boundsIn(set).ceiling ? start : null,
              },
              (x, y) => {
                const ofHalves = numberOf(comparison.compare(x, y) as Compared);
                return ofHalves === null ? null : [ofHalves];
              },
              { context, key, isDecisive: metric.isNeeded },
            )
          : [];
      // After what may throw: a failure is then awaited with the rest.
      const bounds = context.once(key, () => {
        const draws =
          metric.floorDraws?.(Math.min(comparison.cap, set.sourceRows.size(0))) ?? usualDraws;
        return boundsOf(comparison, set, { start, data, draws, seed: context.options.seed });
      });
      return { later: Promise.all([value, bounds, halves, end.size(0)]) };
    }),
  );
  const [compared, bounds, [halves], n] = await later;
  const value = numberOf(compared);
  if (value === null) return { value };
  return { ...measurementWith(metric, { value, ...bounds }, compared, halves), n };
}

const boundsIn = ({ bounds = { floor: true, ceiling: true } }: SampleSet) => bounds;

function comparisonOn<S extends SampleSubject>(
  metric: TwoSampleMetric<S>,
  set: SampleSet,
  context: MeasurementContext<S>,
): SetComparison {
  const { seed } = context.options;
  const cap = metric.maximumRows?.(context.options.exact) ?? Number.POSITIVE_INFINITY;
  const view = metric.view?.(set, context) ?? ((x: Tensor) => x);
  const rowsOf = (x: Tensor, side: "x" | "y") => view(subsample(x, side, { most: cap, seed }));
  const options: Comparison<S> = { seed, context };
  const unit = set.unit ** (metric.power ?? 0);
  const inUnits = (comparison: Compared): Compared =>
    comparison instanceof Object
      ? { value: comparison.value * unit, low: comparison.low * unit, high: comparison.high * unit }
      : comparison && comparison * unit;
  return {
    cap,
    view,
    rowsOf,
    compare(x, y) {
      const comparison = metric.compare(x, y, options);
      return comparison instanceof Promise ? comparison.then(inUnits) : inUnits(comparison);
    },
  };
}

/** Floor and ceiling of a set; null without one. Reads all rows before it returns. */
async function boundsOf(
  { rowsOf, compare }: SetComparison,
  set: SampleSet,
  { start, data, draws, seed }: { start: Tensor; data: Tensor; draws: number; seed: number },
): Promise<Omit<WholeValue, "value">> {
  const { floor: hasFloor, ceiling: hasCeiling } = boundsIn(set);
  const [ceiling = null, ...floors] = await Promise.all([
    hasCeiling ? compare(start, data) : null,
    ...(hasFloor ? drawsOf(set, seed, draws) : []).map((draw) => compare(rowsOf(draw, "x"), data)),
  ]);
  const values = floors.map(numberOf).filter((value) => value !== null);
  return { floor: values.length > 0 ? average(values) : null, ceiling: numberOf(ceiling) };
}

/** The interval comes from halves, or from the metric's own estimate. */
function measurementWith<S extends SampleSubject>(
  metric: TwoSampleMetric<S>,
  whole: WholeValue,
  compared: Compared,
  halves: Halves | undefined,
): Measurement {
  const { floor, ceiling } = whole;
  const isDistance = (metric.better ?? "lower") === "lower";
  if (halves) return measurementOf(whole, halves, { least: 0, isDistance });
  if (!(compared instanceof Object) || !Number.isFinite(compared.low)) return whole;
  return {
    ...whole,
    ...measurementOfEstimate(compared),
    ...(floor !== null && ceiling !== null && { excess: distanceExcess(compared, floor, ceiling) }),
  };
}

const numberOf = (comparison: Compared): number | null =>
  comparison instanceof Object ? comparison.value : comparison;
