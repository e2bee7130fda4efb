import { BridgeError, mapConditions, PathEnergy, sourceOf, targetOf } from "@dsbm/bridge";
import { testConditions, testRows } from "@dsbm/datasets";
import type { MetricGroup, MetricRow } from "@dsbm/runs";
import { cat, type Tensor } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import { compareSamples } from "./bounds.js";
import type { Measurement, Measuring, Metric, MetricVariant, SampleSet } from "./metric.js";
import { disposeAll, kept, type SampleSubject } from "./subject.js";
import {
  type Affordable,
  affordable,
  byMass,
  checkEnds,
  stepAt,
  transport,
  type Work,
} from "./transport.js";

/** Rows, and reasons of metrics without a row, by name. */
export interface Measured {
  rows: MetricRow[];
  reasons: Map<string, string>;
}

export const noTime = "no time was left (dsbm evaluate measures them)";

/** Returns null if it was stopped. */
export async function measureSet<S extends SampleSubject>(
  set: SampleSet,
  metrics: readonly Metric<S>[],
  context: Measuring<S>,
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
  /** Metrics that declare this variant are measured. */
  variant: MetricVariant;
  set: SampleSet;
  change(row: MetricRow, metric: Metric): Partial<MetricRow>;
}

/** Returns null if it was stopped. */
export async function measureAs(
  { prefix, group, variant, set, change }: Variant,
  { all, has }: { all: readonly Metric[]; has(name: string): boolean },
  context: Measuring,
): Promise<MetricRow[] | null> {
  const nameOf = (name: string) => `${prefix}${name}`;
  const chosen = all.filter(
    ({ name, variants }) => variants?.includes(variant) && has(nameOf(name)),
  );
  // Verdicts do not need these metrics: they are skipped when the time is up.
  const needless = chosen.map((metric) => ({ ...metric, isNeeded: false }));
  const result = await measureSet(set, needless, context);
  if (!result) return null;
  return result.rows.map(({ role: _, ...row }) => {
    const metric = chosen.find(({ name }) => name === row.name) as Metric;
    return { ...row, name: nameOf(row.name), group, ...change(row, metric) };
  });
}

/** Returns a measurement or the reason for its absence, for example resamples that do not vary. */
async function measure<S extends SampleSubject>(
  metric: Metric<S>,
  set: SampleSet,
  context: Measuring<S>,
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
function whyNot<S extends SampleSubject>(
  metric: Metric<S>,
  set: Pick<SampleSet, "direction" | "side" | "sampling">,
  context: Measuring<S>,
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
      n: set.end.size(0),
      ...measurement,
      value,
    },
  ];
}

/** A set with the cost of its transport; dispose it. */
interface CollectedSamples extends Disposable {
  set: SampleSet;
  nfe: number;
  batches: number;
  seconds: number;
}

interface CollectOptions extends Work {
  /** The set keeps the states that applicable metrics need. */
  metrics: readonly Metric[];
  /** The half-iteration of the generating parameters; null if unknown. */
  half: number | null;
  /** The rows that the time allows (default: by the context's clock). */
  rows?: Affordable;
}

/**
 * Generates the samples of a direction, as many rows as the context's clock allows, and lowers the context's rows to
 * them. Returns null if it was stopped. Throws a DivergedError for NaN and infinite samples.
 */
export async function collectSamples(
  context: Measuring,
  { metrics, half, rows: known, ...work }: CollectOptions,
): Promise<CollectedSamples | null> {
  const { subject } = context;
  const rows = known ?? (await affordable(subject, context.options, work));
  if (!rows) return null;
  // Energies evaluate the network a second time.
  const isSummed = work.sampling.solver === "sde" && rows.n === context.options.n;
  context.options = { ...context.options, ...rows };
  const { options } = context;
  const { datasets } = subject;
  const { sampling, direction } = work;
  const { split, seed, progress, signal } = options;
  const from = sourceOf(direction);
  const side = targetOf(direction);
  const applicable = metrics.filter(
    (one) => whyNot(one, { direction, side, sampling }, context) === null,
  );
  const tensors: Tensor[] = [];
  const keep = (make: () => Tensor) => {
    const t = kept(make);
    tensors.push(t);
    return t;
  };
  // The reserve of held-out rows is training rows; the reserve of training rows is further training
  // rows.
  const isHeldOut = split === "test";
  const total = Math.min(2 * options.n, datasets[side].train.size(0));
  const m = isHeldOut ? options.n : Math.floor(total / 2);
  const spare = isHeldOut ? Math.min(4 * options.n, datasets[side].train.size(0)) : total - m;
  const n = Math.min(options.n, datasets[from][split].size(0), spare);
  let reserve: Tensor | null = null;
  let energy: PathEnergy | null = null;
  const dispose = () => {
    disposeAll(tensors);
    energy?.dispose();
  };
  try {
    const data = keep(() => testRows(datasets[side], m, seed, split));
    const start = keep(() => testRows(datasets[from], n, seed, split));
    const conditions = testConditions(datasets, from, n, split);
    const { grid } = sampling;
    const times = timesOf(direction, grid);
    const steps = direction === "f" ? grid.steps : grid.steps.toReversed();
    const stops = datasets.chain?.times.slice(1, -1).map((t) => stepAt(times, t)) ?? [];
    const indexes = new Set([
      ...stops,
      ...applicable.flatMap((one) => one.states?.(steps.length) ?? []),
    ]);
    const drift =
      applicable.some(({ usesEnergy }) => usesEnergy) && isSummed
        ? subject.bridge.drift(direction, conditions)
        : null;
    energy = drift && new PathEnergy(n);
    const parts = new Map<number, { x: Tensor; weights: Tensor | null }[]>();
    const began = performance.now();
    const result = await transport(subject.bridge, direction, start, {
      sampling,
      seed,
      purpose: `quality/${direction}/there`,
      conditions,
      label: `measuring ${direction}`,
      progress,
      signal,
      visit:
        drift || indexes.size > 0
          ? (k, state, weights) => {
              const dt = steps[k];
              if (drift && dt !== undefined) energy?.add(drift, state, { time: times[k], dt });
              if (!indexes.has(k)) return;
              const part = { x: keep(() => state), weights: weights && keep(() => weights) };
              parts.set(k, [...(parts.get(k) ?? []), part]);
            }
          : undefined,
    });
    if (!result) {
      dispose();
      return null;
    }
    tensors.push(result.end);
    const { weights } = result;
    if (weights) tensors.push(weights);
    checkEnds(result.end, { direction, half });
    const states = new Map([...parts].map(([k, rows]) => [k, keep(() => joined(rows))]));
    const grown = (t: Tensor) => (weights ? keep(() => byMass(t, weights)) : t);
    return {
      nfe: result.nfe,
      batches: result.batches,
      seconds: (performance.now() - began) / 1000,
      [Symbol.dispose]: dispose,
      set: {
        key: `${direction}/${split}/${n}`,
        direction,
        from,
        side,
        sampling,
        start: grown(start),
        end: grown(result.end),
        weights,
        conditions: mapConditions(conditions, grown),
        data,
        states,
        energy,
        unit: subject.unit,
        reserve() {
          reserve ??= keep(() =>
            isHeldOut
              ? testRows(datasets[side], spare, seed, "train")
              : testRows(datasets[side], total, seed, "train").narrow(0, m, spare),
          );
          return reserve;
        },
      },
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

function joined(parts: readonly { x: Tensor; weights: Tensor | null }[]): Tensor {
  const masses = parts.flatMap(({ weights }) => weights ?? []);
  return byMass(cat(parts.map(({ x }) => x)), masses.length > 0 ? cat(masses) : null);
}
