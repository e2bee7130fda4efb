import { BridgeError } from "@dsbm/bridge";
import type { MetricRow } from "@dsbm/runs";
import { compareSamples } from "./bounds.js";
import type { Measuring } from "./measuring.js";
import type { Measurement, Metric, SampleSet } from "./metric.js";

/** Rows, and reasons of metrics without a row, by name. */
export interface Measured {
  rows: MetricRow[];
  reasons: Map<string, string>;
}

export const noTime = "no time was left: run dsbm evaluate";

/** Returns null if it was stopped. */
export async function measureSet(
  set: SampleSet,
  metrics: readonly Metric[],
  context: Measuring,
): Promise<Measured | null> {
  const rows: MetricRow[] = [];
  const reasons = new Map<string, string>();
  for (const metric of metrics) {
    const reason = whyNot(metric, set, context);
    if (reason !== null) {
      reasons.set(metric.name, reason);
      continue;
    }
    if (await context.isStopped(`measuring ${set.direction}, ${metric.title}`)) return null;
    const result = await measure(metric, set, context);
    if (context.options.signal?.aborted) return null;
    if (typeof result === "string") reasons.set(metric.name, result);
    else for (const one of [result].flat()) rows.push(...rowOf(metric, one, set));
  }
  return { rows, reasons };
}

/** Returns a measurement or the reason for its absence, for example resamples that do not vary. */
async function measure(metric: Metric, set: SampleSet, context: Measuring) {
  try {
    return "compare" in metric
      ? await compareSamples(metric, set, context)
      : await metric.measure(set, context);
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code === "not_finite") throw error;
    return error.message;
  }
}

/** Returns why a metric cannot be measured, or null. */
export function whyNot(
  metric: Metric,
  set: Pick<SampleSet, "direction" | "side" | "sampling">,
  context: Measuring,
): string | null {
  const { ends, trained } = context.subject;
  const isLate = !metric.isNeeded && context.options.clock.isUp;
  const lacking = () => (isLate ? noTime : metric.lacks?.(context, set));
  return metric.serves?.({ ends, config: trained.config }) ?? lacking() ?? null;
}

function rowOf(
  metric: Metric,
  { value, interval, floor, floor_interval, ceiling, excess, n, ...more }: Measurement,
  set: SampleSet,
): MetricRow[] {
  if (value === null) return [];
  const target = more.target ?? metric.target;
  return [
    {
      name: metric.name,
      title: more.title ?? metric.title,
      group: metric.group,
      meaning: more.meaning ?? metric.meaning,
      direction: set.direction,
      ...(more.column !== undefined && { column: more.column }),
      ...(more.note !== undefined && { note: more.note }),
      value,
      interval: interval ? [...interval] : null,
      floor: floor ?? null,
      ...(floor_interval && { floor_interval: [...floor_interval] }),
      ceiling: ceiling ?? null,
      ...(excess && { excess }),
      better: metric.better ?? "lower",
      ...(target !== undefined && { target }),
      n: n ?? set.end.size(0),
    },
  ];
}
