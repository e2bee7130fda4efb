import { BridgeError } from "@dsbm/bridge";
import type { MetricGroup, MetricRow } from "@dsbm/runs";
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

/** The same metrics on the samples of another time. */
export interface Variant {
  /** Before the name of each metric. */
  prefix: string;
  group: MetricGroup;
  metrics: readonly string[];
  set: SampleSet;
  change(row: MetricRow): Partial<MetricRow>;
}

/** Returns null if it was stopped. */
export async function measureAs(
  { prefix, group, metrics, set, change }: Variant,
  { all, has }: { all: readonly Metric[]; has(name: string): boolean },
  context: Measuring,
): Promise<MetricRow[] | null> {
  const nameOf = (name: string) => `${prefix}${name}`;
  const chosen = all.filter(({ name }) => metrics.includes(name) && has(nameOf(name)));
  // A verdict does without them: they end with the time.
  const needless = chosen.map((metric) => ({ ...metric, isNeeded: false }));
  const found = await measureSet(set, needless, context);
  if (!found) return null;
  return found.rows.map((row) => ({ ...row, name: nameOf(row.name), group, ...change(row) }));
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

function rowOf(metric: Metric, measured: Measurement, set: SampleSet): MetricRow[] {
  const { value } = measured;
  if (value === null) return [];
  return [
    {
      name: metric.name,
      title: metric.title,
      group: metric.group,
      meaning: metric.meaning,
      direction: set.direction,
      interval: null,
      floor: null,
      ceiling: null,
      better: metric.better ?? "lower",
      ...(metric.target !== undefined && { target: metric.target }),
      n: set.end.size(0),
      ...measured,
      value,
    },
  ];
}
