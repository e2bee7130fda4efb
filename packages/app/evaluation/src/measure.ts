import type { Direction } from "@dsbm/bridge";
import {
  ConfigError,
  checkHoldouts,
  configure,
  type EvaluateConfig,
  evaluate,
  processTimes,
} from "@dsbm/config";
import { isVectors } from "@dsbm/datasets";
import {
  Clock,
  cores,
  earlierNames,
  type MetricRow,
  metricGroups,
  type Progress,
  type Quality,
  silentProgress,
  version,
} from "@dsbm/runs";
import { Measuring, type Metric, type SampleSet } from "./metric.js";
import { metrics as library } from "./metrics/index.js";
import { collectSamples, measureAs, measureSet, noTime } from "./rows.js";
import { openSubject, type Subject, type SubjectOptions } from "./subject.js";
import { affordableInEach, imageTransports, type Sampling, type Work } from "./transport.js";
import { measureHoldout } from "./variants/held-out.js";
import { marginalVariants } from "./variants/marginals.js";
import type { VerdictFacts } from "./verdict/evidence.js";
import { verdictFacts } from "./verdict/facts.js";
import { gradedRows } from "./verdict/grade.js";
import { verdictOn } from "./verdict/verdict.js";

export interface QualityOptions extends SubjectOptions {
  /** Your own metrics. */
  extraMetrics?: readonly Metric[] | undefined;
  /** Time limit (default: none). It limits the rows and drops late metrics. */
  clock?: Clock;
  /** Awaited with the samples of each direction. They are freed afterwards. */
  sampled?(set: SampleSet, context: Measuring): Promise<void>;
}

const usualSampler = {
  solver: "sde",
  half_iteration: "newest",
  ode_tol: null,
  ode_step_size: null,
  steps: null,
  diffusion: null,
  guidance: 1,
} as const;

/** Names of the metrics of intermediate times. */
const marginalNames = (all: readonly Pick<Metric, "name" | "variants">[]): string[] =>
  all.flatMap(({ name, variants }) =>
    variants?.includes("marginals") ? [`marginal_${name}`] : [],
  );

/**
 * Evaluates a run in any state that has parameters. The same seed gives the same numbers. Writes
 * nothing: see `writeQuality`. Returns null if `signal` stopped it. Throws a ConfigError for a run
 * without parameters, for unknown metrics and for hold-outs that do not fit, and the errors of its
 * data.
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
    progress = silentProgress,
    signal,
    ...keys
  } = options;
  const { clock = new Clock(), ...overrides } = keys;
  const { config } = configure(evaluate, overrides);
  const { seed, split, solver, exact, ode_tol, ode_step_size } = config;
  const choice = choose([...library, ...extraMetrics], config.metrics, progress);
  const threads = config.threads === "auto" ? cores() : config.threads;
  using subject = await openSubject(folder, { ...config, datasets, bridge, progress, signal });
  const images = Math.min(128, subject.trained.config.test_npar);
  const n = config.n ?? (isVectors(subject.datasets) ? 2000 : images);
  const measuring = { n, seed, split, exact, threads, intervals: true, clock, progress, signal };
  using context = new Measuring(subject, measuring);
  const directions = directionsOf(subject, config.direction);
  const sampling = { solver, ode_tol, ode_step_size, grid: subject.grid };
  const rows: MetricRow[] = [];
  const held: (Pick<VerdictFacts, "n_held_out" | "isCut" | "isLate"> & { direction: Direction })[] =
    [];
  const reasons = new Map<string, string>();
  let fewest = n;
  const data = { datasets: subject.datasets, config: subject.trained.config };
  const served = choice.isAll
    ? choice.metrics.filter(({ serves }) => (serves?.(data) ?? null) === null)
    : choice.metrics;
  const holdouts = holdoutsOf(subject, config);
  for (const [i, { path, time }] of holdouts.entries()) {
    if (!subject.bridge.networks.f)
      throw new ConfigError(
        `holdout=${path}: ${folder} has no weights of direction f yet, which carry the source there: leave holdout out`,
      );
    const part = clock.part(0.5 / (holdouts.length - i));
    const heldOut = await measureHoldout(
      subject,
      { path, time },
      { ...measuring, sampling, clock: part },
    );
    if (!heldOut) return null;
    rows.push(...heldOut);
  }
  const works = directions.map((direction) => directionWork(subject, direction, sampling));
  const affordable = await affordableInEach(subject, measuring, works);
  if (!affordable) return null;
  for (const [i, work] of works.entries()) {
    context.options = { ...measuring, clock: clock.part(1 / (directions.length - i)) };
    using collected = await collectSamples(context, {
      ...work,
      metrics: served,
      half: subject.trained.models[work.direction]?.half_iteration ?? null,
      rows: affordable,
    });
    if (!collected) return null;
    const sizes = (["x0", "x1"] as const).map((end) => subject.datasets[end][split].size(0));
    const isCut = context.options.n < Math.min(n, Math.max(...sizes));
    if (isCut) fewest = Math.min(fewest, context.options.n);
    const { set } = collected;
    await sampled?.(set, context);
    const setResult = await measureSet(set, served, context);
    if (!setResult) return null;
    const isLate = [...setResult.reasons.values()].includes(noTime);
    held.push({ ...heldOutCounts(set), isCut, isLate });
    rows.push(...setResult.rows);
    for (const [name, reason] of setResult.reasons) reasons.set(name, reason);
    for (const variant of marginalVariants(set, context)) {
      const between = await measureAs(variant, choice, context);
      if (!between) return null;
      rows.push(...between);
    }
  }
  for (const name of marginalNames(choice.all))
    if (!choice.isAll && !subject.datasets.chain && choice.has(name))
      reasons.set(name, "it is for time courses of several datasets");
  const order = (row: MetricRow) => Object.keys(metricGroups).indexOf(row.group);
  const sampler = Object.entries(usualSampler).flatMap(([key, usual]) => {
    const value = config[key as keyof typeof usualSampler];
    return value === null || value === usual ? [] : [[key, value] as const];
  });
  const graded = gradedRows(rows);
  const facts = verdictFacts(folder, subject.datasets);
  return {
    dsbm: version,
    split,
    n,
    seed,
    ...(sampler.length > 0 && { sampler: Object.fromEntries(sampler) }),
    ...(holdouts.length > 0 && { holdouts: holdouts.map(({ path, at }) => ({ path, at })) }),
    verdicts: held.flatMap(
      ({ direction, ...of }) => verdictOn(direction, graded, { ...facts, ...of }) ?? [],
    ),
    rows: graded.toSorted((a, b) => order(a) - order(b)),
    left_out: [
      ...(fewest < n ? [`rows beyond ${fewest}: ${noTime}`] : []),
      ...leftOut(rows, reasons),
    ],
  };
}

function directionWork({ datasets }: Subject, direction: Direction, sampling: Sampling): Work {
  const isTable = isVectors(datasets);
  return {
    direction,
    sampling,
    // Vectors need 400 evaluations along the flow, too.
    transports: imageTransports + (isTable ? 400 / sampling.grid.steps.length : 0),
    distances: 10 + 4 * datasets.between.length,
  };
}

interface Choice<M> {
  /** Metrics that variants choose from. */
  all: readonly M[];
  metrics: readonly M[];
  /** Whether the user named nothing. */
  isAll: boolean;
  has(name: string): boolean;
}

/** A direction and its held-out rows of source and target. */
function heldOutCounts({ direction, start, data }: SampleSet) {
  const counts = [start.size(0), data.size(0)] as [number, number];
  const n_held_out = (direction === "f" ? counts : counts.toReversed()) as typeof counts;
  return { direction, n_held_out };
}

/** Chooses metrics by name or group; a line notes earlier names. Throws a ConfigError for others. */
export function choose<M extends Pick<Metric, "name" | "group" | "onRequest" | "variants">>(
  all: readonly M[],
  words: string | readonly string[] | null,
  progress: Progress,
): Choice<M> {
  const usual = all.filter(({ onRequest }) => !onRequest);
  if (words === null) return { all, metrics: usual, isAll: true, has: () => true };
  const groups = new Set<string>(all.map(({ group }) => group));
  // Hold-outs are measured if files are given.
  const variants = { marginals: marginalNames(all), holdout: [] };
  const names = [...all.map(({ name }) => name), ...variants.marginals];
  const chosen = [words].flat().flatMap((typed) => {
    const { [typed]: word = typed } = earlierNames;
    if (word !== typed) progress.line(`metrics=${typed}: the name is ${word} now`);
    if (Object.hasOwn(variants, word)) return variants[word as keyof typeof variants];
    if (groups.has(word))
      return usual.filter(({ group }) => group === word).map(({ name }) => name);
    if (names.includes(word)) return [word];
    const known = [...groups, ...Object.keys(variants), ...names];
    throw new ConfigError(`metrics=${word}: expected one or more of ${known.join(", ")}`);
  });
  const metrics = all.filter(({ name }) => chosen.includes(name));
  return { all, metrics, isAll: false, has: (name) => chosen.includes(name) };
}

/** The files of `holdout` with their times. Throws a ConfigError for times outside the data's range. */
function holdoutsOf({ trained }: Subject, { holdout, at }: EvaluateConfig) {
  const { times } = trained.config;
  const [problem] = checkHoldouts({ holdout, at }, times);
  if (problem !== undefined) throw new ConfigError(problem, "value");
  const userTimes = [at ?? []].flat();
  const inProcess = processTimes({ times }, userTimes);
  return [holdout ?? []].flat().map((path, i) => ({
    path,
    at: userTimes[i],
    time: inProcess[i],
  }));
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

/** Reasons for metrics without a row, a line each. */
export function leftOut(
  rows: readonly MetricRow[],
  reasons: ReadonlyMap<string, string>,
): string[] {
  const named = new Map<string, string[]>();
  for (const [name, reason] of reasons)
    if (!rows.some((row) => row.name === name))
      named.set(reason, [...(named.get(reason) ?? []), name]);
  return [...named].map(([reason, names]) => `${names.join(", ")}: ${reason}`);
}
