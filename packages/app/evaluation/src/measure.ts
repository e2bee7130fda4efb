import { type Direction, mostExactPoints } from "@dsbm/bridge";
import { ConfigError, configure, type EvaluateConfig, evaluate } from "@dsbm/config";
import { isVectors } from "@dsbm/datasets";
import {
  Clock,
  cores,
  type MetricRow,
  metricGroups,
  type Quality,
  silentProgress,
  version,
} from "@dsbm/runs";
import {
  chooseMetrics,
  conditionNames,
  leftOut,
  type MetricChoice,
  marginalNames,
  unmeasuredMetrics,
} from "./choice.js";
import { MeasurementContext, type Metric, type SampleSet } from "./metric.js";
import { metrics as library } from "./metrics/index.js";
import {
  type Affordable,
  affordableRowsInEach,
  imagePasses,
  type SamplingWork,
} from "./sampling/affordable-rows.js";
import { collectSamples } from "./sampling/collect-samples.js";
import type { Sampling } from "./sampling/sample-in-batches.js";
import { measureSet, measureVariants, noTime, type SetMeasurement } from "./set-measurement.js";
import { openSubject, type Subject, type SubjectOptions } from "./subject.js";
import { conditionVariants, hasConditionGroups } from "./variants/conditions.js";
import { holdoutsOf, measureHoldouts } from "./variants/holdout-files.js";
import { marginalVariants } from "./variants/marginals.js";
import { middleOf, middleVariants } from "./variants/middle.js";
import type { VerdictFacts } from "./verdict/evidence.js";
import { verdictFacts } from "./verdict/facts.js";
import { gradedRows } from "./verdict/grade.js";
import { verdictOn } from "./verdict/verdict.js";

/** Options of an evaluation: keys of `dsbm evaluate`, loaded data, and what a program adds. */
export interface QualityOptions extends SubjectOptions {
  /** Your own metrics. */
  extraMetrics?: readonly Metric[] | undefined;
  /** Time limit (default: none). It limits the rows and drops late metrics. */
  clock?: Clock;
  /** Awaited with the samples of each direction. They are freed afterwards. */
  sampled?(set: SampleSet, context: MeasurementContext): Promise<void>;
}

const usualSampler = {
  solver: "sde",
  half_iteration: "newest",
  ode_tol: null,
  ode_step_size: null,
  steps: null,
  diffusion: null,
  step_variance: null,
  guidance: 1,
} as const;

/**
 * Evaluates a run in any state that has parameters. The same seed gives the same numbers. Writes
 * nothing: see `writeQuality`. Returns null if `signal` stopped it.
 * @throws {ConfigError} for a run without parameters, for unknown metrics and for hold-outs that do not fit, and the errors
 * of its data.
 */
export async function measureQuality(
  folder: string,
  options: QualityOptions = {},
): Promise<Quality | null> {
  const {
    extraMetrics = [],
    datasets,
    bridge,
    sampled,
    clock = new Clock(),
    progress = silentProgress,
    signal,
    ...overrides
  } = options;
  const { config } = configure(evaluate, overrides);
  const { seed, split, solver, exact, ode_tol, ode_step_size } = config;
  const choice = chooseMetrics([...library, ...extraMetrics], config.metrics, progress);
  const threads = config.threads === "auto" ? cores() : config.threads;
  using subject = await openSubject(folder, { ...config, datasets, bridge, progress, signal });
  const images = Math.min(128, subject.trained.config.test_npar);
  const n = config.n ?? (isVectors(subject.datasets) ? 2000 : images);
  const measuring = { n, seed, split, exact, threads, intervals: true, clock, progress, signal };
  const directions = directionsOf(subject, config.direction);
  const sampling = { solver, ode_tol, ode_step_size, grid: subject.grid };
  const holdouts = holdoutsOf(subject, config);
  const rowsOfHoldouts = await measureHoldouts(subject, holdouts, { ...measuring, sampling });
  if (!rowsOfHoldouts) return null;
  const works = directions.map((direction) => directionWork(subject, direction, sampling));
  const affordable = await affordableRowsInEach(subject, measuring, works);
  if (!affordable) return null;
  using context = new MeasurementContext(subject, { ...measuring, ...affordable });
  const measurements: DirectionMeasurement[] = [];
  for (const [i, work] of works.entries()) {
    const part = context.withOptions({ clock: clock.part(1 / (directions.length - i)) });
    const result = await measureDirection(part, work, { choice, n, sampled });
    if (!result) return null;
    measurements.push(result);
  }
  const middles = measurements.map(({ middle }) => middle);
  const middle = await measureVariants(middleVariants(middles, context), choice, context);
  if (!middle) return null;
  const rows = [...rowsOfHoldouts, ...measurements.flatMap((one) => one.rows), ...middle.rows];
  const reasons = reasonsOf([...measurements, middle], choice, subject);
  return {
    dsbm: version,
    split,
    n,
    seed,
    ...unusualSampler(config),
    ...(holdouts.length > 0 && { holdouts: holdouts.map(({ path, at }) => ({ path, at })) }),
    ...gradedQuality(rows, measurements, verdictFacts(folder, subject.datasets)),
    left_out: [
      ...leftOutRows(measurements, { n, exact, affordable, choice, subject }),
      ...leftOut(rows, reasons),
    ],
    unmeasured: unmeasuredMetrics(rows, reasons, choice.all),
  };
}

/** The unmeasured held-out rows, with the reason. */
function leftOutRows(
  measurements: readonly DirectionMeasurement[],
  {
    n,
    exact,
    affordable,
    choice,
    subject,
  }: {
    n: number;
    exact: number;
    affordable: Affordable;
    choice: MetricChoice<Metric>;
    subject: Subject;
  },
): string[] {
  const hasExact =
    isVectors(subject.datasets) && choice.metrics.some((metric) => "maximumRows" in metric);
  const fewest = Math.min(n, ...measurements.map((one) => (one.isCut ? one.n : n)));
  const rows = Math.max(...measurements.map((one) => Math.min(one.n, ...one.n_held_out)));
  const reason =
    affordable.exact < exact
      ? noTime
      : `exact=${Math.min(rows, mostExactPoints)} takes more; exact transport ends at ${mostExactPoints} rows, since its time grows faster than their square`;
  return [
    ...(fewest < n ? [`rows beyond ${fewest}: ${noTime}`] : []),
    ...(hasExact && affordable.exact < Math.min(rows, fewest)
      ? [`rows beyond ${affordable.exact} of exact distances: ${reason}`]
      : []),
  ];
}

/** The rows of a direction, and what its verdict needs. */
interface DirectionMeasurement
  extends SetMeasurement,
    Required<Pick<VerdictFacts, "n_held_out" | "isCut" | "isLate">> {
  direction: Direction;
  /** Rows that were evaluated. */
  n: number;
  /** States at half of the time; null without. */
  middle: ReturnType<typeof middleOf>;
}

interface DirectionOptions {
  choice: MetricChoice<Metric>;
  /** Rows that an evaluation without a limit of time takes. */
  n: number;
  sampled: QualityOptions["sampled"];
}

/** Generates the samples of a direction and measures them, at intermediate times too. Returns null if it was stopped. */
async function measureDirection(
  context: MeasurementContext,
  work: SamplingWork,
  { choice, n: most, sampled }: DirectionOptions,
): Promise<DirectionMeasurement | null> {
  const { datasets, trained } = context.subject;
  const { n, split } = context.options;
  const data = { datasets, config: trained.config };
  const metrics = choice.isAll
    ? choice.metrics.filter(({ serves }) => (serves?.(data) ?? null) === null)
    : choice.metrics;
  const half = trained.models[work.direction]?.half_iteration ?? null;
  const isWhole = n === most;
  using collected = await collectSamples(context, { ...work, metrics, half, isWhole });
  if (!collected) return null;
  const { set } = collected;
  const sizes = (["x0", "x1"] as const).map((end) => datasets[end][split].size(0));
  await sampled?.(set, context);
  const measurement = await measureSet(set, metrics, context);
  if (!measurement) return null;
  const conditions = conditionVariants(set, context);
  const variants = [...marginalVariants(set, context), ...conditions.variants];
  const between = await measureVariants(variants, choice, context);
  if (!between) return null;
  return {
    middle: middleOf(set, context),
    direction: work.direction,
    rows: [...measurement.rows, ...between.rows],
    reasons: new Map([...measurement.reasons, ...between.reasons, ...conditions.reasons]),
    n,
    n_held_out: heldOutCounts(set),
    isCut: n < Math.min(most, Math.max(...sizes)),
    isLate: [...measurement.reasons.values()].includes(noTime),
  };
}

/** The sampler's options with unusual values. */
function unusualSampler(config: EvaluateConfig): Pick<Quality, "sampler"> {
  const sampler = Object.entries(usualSampler).flatMap(([key, usual]) => {
    const value = config[key as keyof typeof usualSampler];
    return value === null || value === usual ? [] : [[key, value] as const];
  });
  return sampler.length > 0 ? { sampler: Object.fromEntries(sampler) } : {};
}

/** Graded rows by group, and the verdicts on them. */
function gradedQuality(
  rows: readonly MetricRow[],
  measurements: readonly DirectionMeasurement[],
  facts: Omit<VerdictFacts, "n_held_out">,
): Pick<Quality, "verdicts" | "rows"> {
  const graded = gradedRows(rows);
  const order = (row: MetricRow) => Object.keys(metricGroups).indexOf(row.group);
  return {
    verdicts: measurements.flatMap(
      ({ direction, n_held_out, isCut, isLate }) =>
        verdictOn(direction, graded, { ...facts, n_held_out, isCut, isLate }) ?? [],
    ),
    rows: graded.toSorted((a, b) => order(a) - order(b)),
  };
}

/** Reasons of metrics without a row, by name. */
function reasonsOf(
  measurements: readonly SetMeasurement[],
  choice: MetricChoice<Metric>,
  { datasets }: Subject,
): Map<string, string> {
  const reasons = new Map(measurements.flatMap((one) => [...one.reasons]));
  for (const name of marginalNames(choice.all))
    if (!choice.isAll && !datasets.chain && choice.has(name))
      reasons.set(name, "it is for time courses of several datasets");
  for (const name of conditionNames(choice.all))
    if (!choice.isAll && !hasConditionGroups(datasets) && choice.has(name))
      reasons.set(name, "it is for tables with a condition and images with classes");
  return reasons;
}

function directionWork(
  { datasets }: Subject,
  direction: Direction,
  sampling: Sampling,
): SamplingWork {
  const isTable = isVectors(datasets);
  return {
    direction,
    sampling,
    // Vectors need 400 evaluations along the flow, too.
    passes: imagePasses + (isTable ? 400 / sampling.grid.steps.length : 0),
    distances: 10 + 4 * datasets.between.length,
  };
}

/** Held-out rows of source and target. */
function heldOutCounts({ direction, sourceRows, targetRows }: SampleSet): [number, number] {
  const counts = [sourceRows.size(0), targetRows.size(0)] as [number, number];
  return direction === "f" ? counts : [counts[1], counts[0]];
}

function directionsOf(
  { bridge: { networks }, trained }: Subject,
  direction: EvaluateConfig["direction"],
): Direction[] {
  const directions = (["f", "b"] as const).filter(
    (one) => networks[one] && (direction === "both" || direction === one),
  );
  if (directions.length > 0) return directions;
  throw new ConfigError(
    `${trained.folder} has no parameters of direction ${direction} yet: leave direction out, or resume the run`,
  );
}
