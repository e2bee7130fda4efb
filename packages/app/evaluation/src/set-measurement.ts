import { BridgeError } from "@dsbm/bridge";
import type { MetricGroup, MetricRow } from "@dsbm/runs";
import { compareSamples } from "./bounds/compare-samples.js";
import type {
  Measurement,
  MeasurementContext,
  Metric,
  MetricVariant,
  SampleSet,
} from "./metric.js";
import type { SampleSubject } from "./subject.js";

/** Rows, and reasons of metrics without a row, by name. */
export interface SetMeasurement {
  rows: MetricRow[];
  reasons: Map<string, string>;
}

/** The reason of a metric that the time did not allow. */
export const noTime = "no time was left (dsbm evaluate measures them)";

/** Measures metrics on a set, in their order. Returns null if it was stopped. */
export async function measureSet<S extends SampleSubject>(
  set: SampleSet,
  metrics: readonly Metric<S>[],
  context: MeasurementContext<S>,
): Promise<SetMeasurement | null> {
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
  /** Text before the name of each metric. */
  prefix: string;
  group: MetricGroup;
  /** Metrics that declare this variant are measured. */
  variant: MetricVariant;
  set: SampleSet;
  change(row: Pick<MetricRow, "title" | "meaning">, metric: Metric): Partial<MetricRow>;
}

/**
 * Measures the metrics that declare a variant on its set; the reasons are of metrics that the time did not allow, by
 * their titles. Returns null if it was stopped.
 */
export async function measureAs(
  { prefix, group, variant, set, change }: Variant,
  { all, has }: { all: readonly Metric[]; has(name: string): boolean },
  context: MeasurementContext,
): Promise<SetMeasurement | null> {
  const nameOf = (name: string) => `${prefix}${name}`;
  const chosen = all.filter(
    ({ name, variants }) => variants?.includes(variant) && has(nameOf(name)),
  );
  // Verdicts do not need these metrics: they are skipped when the time is up.
  const needless = chosen.map((metric) => ({ ...metric, isNeeded: false }));
  const result = await measureSet(set, needless, context);
  if (!result) return null;
  const metricOf = (name: string) => chosen.find((metric) => metric.name === name) as Metric;
  const late = [...result.reasons].filter(([, reason]) => reason === noTime);
  return {
    rows: result.rows.map(({ role: _, ...row }) => ({
      ...row,
      name: nameOf(row.name),
      group,
      ...change(row, metricOf(row.name)),
    })),
    reasons: new Map(
      late.map(([name, reason]) => {
        const metric = metricOf(name);
        return [change(metric, metric).title ?? metric.title, reason];
      }),
    ),
  };
}

/** `measureAs` of several variants. Returns null if it was stopped. */
export async function measureVariants(
  variants: readonly Variant[],
  choice: Parameters<typeof measureAs>[1],
  context: MeasurementContext,
): Promise<SetMeasurement | null> {
  const rows: MetricRow[] = [];
  const reasons = new Map<string, string>();
  for (const variant of variants) {
    const ofVariant = await measureAs(variant, choice, context);
    if (!ofVariant) return null;
    rows.push(...ofVariant.rows);
    for (const [title, reason] of ofVariant.reasons) reasons.set(title, reason);
  }
  return { rows, reasons };
}

/** Returns a measurement or the reason for its absence, for example resamples that do not vary. */
async function measure<S extends SampleSubject>(
  metric: Metric<S>,
  set: SampleSet,
  context: MeasurementContext<S>,
) {
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
export function whyNot<S extends SampleSubject>(
  metric: Metric<S>,
  set: Pick<SampleSet, "direction" | "target" | "sampling">,
  context: MeasurementContext<S>,
): string | null {
  const { datasets, trained } = context.subject;
  const { spent, seconds, isUp } = context.options.clock;
  const isLate = metric.isNeeded && seconds !== null ? spent > 2 * seconds : isUp;
  const lacking = () => (isLate ? noTime : metric.lacks?.(context, set));
  return metric.serves?.({ datasets, config: trained.config }) ?? lacking() ?? null;
}

function rowOf(metric: Metric<never>, measurement: Measurement, set: SampleSet): MetricRow[] {
  const { value } = measurement;
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
      ...(metric.role && { role: metric.role }),
      n: set.generatedRows.size(0),
      ...measurement,
      value,
    },
  ];
}
