import { type Direction, targetOf } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import {
  Clock,
  cores,
  distinctNames,
  endNames,
  gradedRows,
  type MetricRow,
  metricGroups,
  type Quality,
  readDataFile,
  readRun,
  shellWord,
  silentProgress,
  type VerdictFacts,
  verdictOn,
  version,
} from "@dsbm/runs";
import { affordable } from "./afford.js";
import { Measuring } from "./measuring.js";
import type { Metric, SampleSet } from "./metric.js";
import { metrics as library } from "./metrics/index.js";
import { measureAs, measureSet, noTime, type Variant, whyNot } from "./rows.js";
import { type OpenSubject, openSubject, type SubjectOptions } from "./subject.js";
import { collectSamples, type Solver } from "./transport.js";
import { baselineNames, baselineVariant } from "./variants/baseline.js";
import { type Holdout, holdoutNames, holdoutVariants, mostHeldOut } from "./variants/holdouts.js";
import { marginalMetrics, marginalVariants, nameOf } from "./variants/marginals.js";

/** Options of an evaluation, with the defaults of `dsbm evaluate`. */
export interface QualityOptions extends SubjectOptions {
  /**
   * Maximum source rows, and target rows (default: 2,000 vectors; images as in training, at most
   * 128).
   */
  n?: number | null;
  solver?: Solver;
  /** Tolerance of dopri5, and step of heun and euler. */
  ode_tol?: number | null;
  ode_step_size?: number | null;
  split?: Split;
  /** Names of metrics or groups; null for all. */
  metrics?: readonly string[] | null;
  /** Your own metrics. */
  own?: readonly Metric[];
  /** Directions (default: all trained directions). */
  directions?: readonly Direction[] | null;
  holdouts?: readonly Holdout[];
  /** Maximum rows of each side for exact distances (default 2,000; hold-outs 10,000). */
  exact?: number;
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

const variantNames: Readonly<Record<string, readonly string[]>> = {
  marginals: marginalMetrics.map((name) => `marginal_${name}`),
  holdout: holdoutNames,
  baselines: baselineNames,
};

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
  const { seed = 42, split = "test", solver = "sde", exact = 2000, holdouts = [] } = options;
  const { ode_tol = null, ode_step_size = null, own = [] } = options;
  const { progress = silentProgress, signal, clock = new Clock() } = options;
  const choice = choose([...library, ...own], options.metrics ?? null);
  const threads = typeof options.threads === "number" ? options.threads : cores();
  using subject = await openSubject(folder, options);
  const images = Math.min(128, subject.trained.config.test_npar);
  const n = options.n ?? (subject.vectors ? 2000 : images);
  const measuring = { n, seed, split, exact, threads, intervals: true, clock, progress, signal };
  using context = new Measuring(subject, measuring);
  const directions = directionsOf(subject, options.directions ?? null);
  const sampling = { solver, ode_tol, ode_step_size, grid: subject.grid };
  const rows: MetricRow[] = [];
  const held: (Pick<VerdictFacts, "n_held_out" | "isCut"> & { direction: Direction })[] = [];
  const reasons = new Map<string, string>();
  let fewest = n;
  const between = subject.ends.between.length;
  const measureVariant = async (variant: Variant): Promise<boolean> => {
    const found = await measureAs(variant, choice, context);
    rows.push(...(found ?? []));
    return found !== null;
  };
  const data = { ends: subject.ends, config: subject.trained.config };
  const served = choice.isAll
    ? choice.metrics.filter(({ serves }) => (serves?.(data) ?? null) === null)
    : choice.metrics;
  if (holdouts.length > 0) {
    if (!subject.bridge.networks.f)
      throw new ConfigError(
        "usage",
        `holdout=${holdouts[0]?.path}: ${folder} has no weights of direction f yet, which carry the source there: leave holdout out`,
      );
    context.options = { ...measuring, n: mostHeldOut, exact: mostHeldOut, clock: clock.part(0.5) };
    const work = {
      sampling,
      direction: "f",
      transports: 1,
      distances: 3 * holdouts.length,
    } as const;
    const room = await affordable(subject, context.options, work);
    const most = room && Math.min(room.n, room.exact);
    const variants = most && (await holdoutVariants(context, sampling, holdouts, most));
    if (!variants) return null;
    // The user named their files.
    const named = { ...choice, has: () => true };
    for (const variant of variants) {
      const found = await measureAs(variant, named, context);
      if (!found) return null;
      rows.push(...found);
    }
  }
  for (const [i, direction] of directions.entries()) {
    const part = clock.part(1 / (directions.length - i));
    context.options = { ...measuring, clock: part };
    const work = {
      sampling,
      direction,
      // There and back twice, and 400 evaluations along the flow.
      transports: 3 + 400 / sampling.grid.steps.length,
      distances: 10 + 4 * between,
    };
    const rowsInTime = await affordable(subject, context.options, work);
    if (!rowsInTime) return null;
    const sizes = (["x0", "x1"] as const).map((end) => subject.ends[end][split].size(0));
    const isCut = rowsInTime.n < Math.min(n, Math.max(...sizes));
    if (isCut) fewest = Math.min(fewest, rowsInTime.n);
    context.options = { ...context.options, ...rowsInTime };
    const place = { direction, side: targetOf(direction), sampling };
    const applicable = served.filter((one) => whyNot(one, place, context) === null);
    const half = subject.trained.models[direction]?.half_iteration ?? null;
    using collected = await collectSamples(context, direction, {
      sampling,
      metrics: applicable,
      half,
    });
    if (!collected) return null;
    const { set } = collected;
    const counts: [number, number] = [set.start.size(0), set.data.size(0)];
    const n_held_out = direction === "f" ? counts : ([counts[1], counts[0]] as const);
    held.push({ direction, n_held_out, isCut });
    await options.sampled?.(set, context);
    const found = await measureSet(set, served, context);
    if (!found) return null;
    rows.push(...found.rows);
    for (const [name, reason] of found.reasons) reasons.set(name, reason);
    for (const variant of marginalVariants(set, context))
      if (!(await measureVariant(variant))) return null;
    if (!baselineNames.some(choice.has)) continue;
    if (await context.isStopped(`measuring ${direction}, the Gaussian bridge`)) return null;
    const isLate = part.left <= 0.2 * (part.seconds ?? 0);
    const variant = isLate ? noTime : baselineVariant(set, context);
    if (typeof variant === "string") for (const name of baselineNames) reasons.set(name, variant);
    else if (!(await measureVariant(variant))) return null;
  }
  for (const name of variantNames.marginals ?? [])
    if (!choice.isAll && !subject.ends.chain && choice.has(name))
      reasons.set(name, "it is for time courses of several datasets");
  const order = (row: MetricRow) => Object.keys(metricGroups).indexOf(row.group);
  const sampler = Object.entries(usualSampler).flatMap(([key, usual]) => {
    const value = options[key as keyof typeof usualSampler] ?? usual;
    return value === null || value === usual ? [] : [[key, value] as const];
  });
  const graded = gradedRows(rows);
  const facts = verdictFacts(folder, subject);
  return {
    dsbm: version,
    split,
    n,
    seed,
    ...(sampler.length > 0 && { sampler: Object.fromEntries(sampler) }),
    ...(holdouts.length > 0 && { holdouts: [...holdouts] }),
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

function verdictFacts(
  folder: string,
  { ends, vectors }: OpenSubject,
): Omit<VerdictFacts, "n_held_out"> {
  const data = readDataFile(folder);
  const names = (data && endNames(data)) ?? {
    source: nameOf(ends.x0.name),
    target: nameOf(ends.x1.name),
  };
  const run = shellWord(folder);
  return {
    names: distinctNames(names),
    what: vectors ? "rows" : "images",
    commands: {
      longer: longerCommand(readRun(folder).info.command) ?? `npx dsbm extend ${run} +2`,
      sample: `npx dsbm sample ${run} NEW OUT`,
      measure: `npx dsbm evaluate ${run}`,
    },
  };
}

/** Returns a command of `dsbm fit` with three times its minutes, or null for other commands. */
function longerCommand(command: string | null): string | null {
  if (command === null || !/ fit /.test(command)) return null;
  const minutes = Number(/ max_minutes=([\d.]+)/.exec(command)?.[1] ?? 10);
  const others = command.replace(/ max_minutes=\S+| --again/g, "");
  return `${others} max_minutes=${Number((3 * minutes).toPrecision(2))} --again`;
}

interface Choice {
  /** Metrics that variants choose from. */
  all: readonly Metric[];
  metrics: readonly Metric[];
  /** Whether the user named nothing. */
  isAll: boolean;
  has(name: string): boolean;
}

/** Chooses metrics by name or group. Throws a ConfigError for others. */
export function choose(all: readonly Metric[], words: readonly string[] | null): Choice {
  const usual = all.filter(({ onRequest }) => !onRequest);
  if (words === null) return { all, metrics: usual, isAll: true, has: () => true };
  const groups = new Set<string>(all.map(({ group }) => group));
  const names = [...all.map(({ name }) => name), ...Object.values(variantNames).flat()];
  const chosen = words.flatMap((word) => {
    const variants = variantNames[word];
    if (variants) return variants;
    if (groups.has(word))
      return usual.filter(({ group }) => group === word).map(({ name }) => name);
    if (names.includes(word)) return [word];
    const known = [...groups, ...Object.keys(variantNames), ...names];
    throw new ConfigError("usage", `metrics=${word}: expected one or more of ${known.join(", ")}`);
  });
  const metrics = all.filter(({ name }) => chosen.includes(name));
  return { all, metrics, isAll: false, has: (name) => chosen.includes(name) };
}

function directionsOf(
  { bridge: { networks }, trained }: OpenSubject,
  directions: readonly Direction[] | null,
): Direction[] {
  const found = (directions ?? (["f", "b"] as const)).filter((d) => networks[d]);
  if (found.length > 0) return found;
  throw new ConfigError(
    "usage",
    `${trained.folder} has no parameters of direction ${directions?.join(" or ")} yet: leave direction out, or resume the run`,
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
