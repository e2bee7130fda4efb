// How good the bridge of a run is: every metric that its data allow, each beside its floor and its ceiling. The command
// `dsbm evaluate`, the end of `dsbm fit` and the library all measure by this function.
import type { Direction } from "@dsbm/bridge";
import { UsageError } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import type { Ends } from "@dsbm/problem";
import {
  cores,
  metricGroups,
  metricRow,
  type Progress,
  type Quality,
  type QualityRow,
  silentProgress,
  version,
} from "@dsbm/runs";
import { carrySamples, type MeasureOptions, type Solver } from "./carried.js";
import { holdoutNames } from "./holdout/compare.js";
import { type Holdout, holdoutRows } from "./holdout/rows.js";
import { baselineNames, baselineRows } from "./rows/baselines.js";
import { columnRows } from "./rows/columns.js";
import { endMetricNames, endRows } from "./rows/ends.js";
import { likelihoodName, likelihoodRows } from "./rows/likelihood.js";
import { marginalNames, marginalRows } from "./rows/marginals.js";
import { pathRows } from "./rows/paths.js";
import { pictureRows } from "./rows/pictures.js";
import { planRows } from "./rows/plan.js";
import { openSubject, type Subject } from "./subject.js";

/** How a run is measured; the defaults are those of `dsbm evaluate`. */
export interface QualityOptions {
  /** Starts, and data, at most (default: 2,000 vectors; as many pictures as an evaluation of the run, 128 at most). */
  n?: number | null;
  seed?: number;
  /** Steps of the sampler (default: as in training). */
  steps?: number | null;
  solver?: Solver;
  /** Noise of solver "sde" (default: as trained); its marginals are the same, its pairs are not. */
  diffusion?: number | null;
  /** How much the condition counts, of a run with condition_dropout (default: 1, as trained). */
  guidance?: number;
  split?: Split;
  /** Names of metrics or of groups; null for all. */
  metrics?: readonly string[] | null;
  /** Directions (default: those that have networks). */
  directions?: readonly Direction[] | null;
  holdouts?: readonly Holdout[];
  /** Points of each side of exact distances between the ends, at most (default 2,000; hold-outs take 10,000). */
  exact?: number;
  threads?: number | "auto";
  device?: string;
  /** The data of the run, where they are loaded already; they stay the caller's. */
  ends?: Ends;
  progress?: Progress;
  signal?: AbortSignal | undefined;
}

/** The metrics of groups that words may name. */
const groups: Readonly<Record<string, readonly string[]>> = {
  ends: endMetricNames,
  marginals: marginalNames,
  plan: ["displacement", "optimality"],
  path: ["agreement", "path_energy", "npe", "straightness"],
  columns: ["column_w1"],
  holdout: holdoutNames,
  baselines: baselineNames,
};

/** The names of all metrics that every run may have, the most important first. */
const metricNames: readonly string[] = [
  ...["ends", "plan", "path", "columns"].flatMap((group) => groups[group] ?? []),
  ...["share", ...baselineNames],
];

/** Metrics that few runs have: only where they are asked for it is said why there are none. */
const rareNames: readonly string[] = [likelihoodName, ...marginalNames];

/** In the order of their rows; later ones see the rows before. */
const measures = [
  endRows,
  likelihoodRows,
  marginalRows,
  planRows,
  pathRows,
  columnRows,
  baselineRows,
  pictureRows,
];

/**
 * Measures a run in any state that has weights, in its folder; null where `signal` stopped it. The same seed gives the
 * same numbers. Writes nothing: see `writeQuality`. Throws a UsageError for a run without weights, for unknown metrics,
 * for hold-outs that do not fit, and the errors of its data.
 */
export async function measureQuality(
  folder: string,
  options: QualityOptions = {},
): Promise<Quality | null> {
  const { seed = 42, split = "test", solver = "sde", exact = 2000, steps = null } = options;
  const { diffusion = null, guidance = 1 } = options;
  const { progress = silentProgress, signal, holdouts = [], device = "cpu" } = options;
  const wanted = options.metrics && checked(options.metrics);
  const threads = typeof options.threads === "number" ? options.threads : cores();
  using subject = await openSubject(folder, {
    ...{ steps, seed, device, progress, signal, threads, ends: options.ends, diffusion, guidance },
  });
  const pictures = Math.min(128, subject.trained.config.test_npar);
  const n = options.n ?? (subject.vectors ? 2000 : pictures);
  const wants = (metric: string) => wanted === null || wanted === undefined || wanted.has(metric);
  const stopped = async (label: string) => {
    progress.update({ label, step: 0, steps: 1 });
    await new Promise(setImmediate);
    return signal?.aborted ?? false;
  };
  const how = {
    ...{ n, seed, split, solver, diffusion, exact, threads, progress, signal, wants, stopped },
    reasons: new Map<string, string>(),
  };
  const directions = (options.directions ?? ["f", "b"]).filter((d) => subject.networks[d]);
  if (directions.length === 0)
    throw new UsageError(
      `${folder} has no weights of direction ${options.directions?.join(" or ")} yet: leave direction out, or let the run get there`,
    );
  const rows: QualityRow[] = [];
  if (holdouts.length > 0) {
    const found = await holdoutRows(subject, checkedTimes(holdouts, subject), {
      ...how,
      // All that is known of them, unless some are named.
      wants: holdoutNames.some((name) => wanted?.has(name)) ? wants : () => true,
    });
    if (!found) return null;
    rows.push(...found);
  }
  for (const direction of directions) {
    using carried = await carrySamples(subject, direction, how);
    if (!carried) return null;
    for (const measure of measures) {
      if (await stopped(`measuring ${direction}`)) return null;
      rows.push(...(await measure(carried, subject, how, rows)));
    }
    if (signal?.aborted) return null;
  }
  const order = (row: QualityRow) => Object.keys(metricGroups).indexOf(row.group);
  const sampler = {
    ...(solver !== "sde" && { solver }),
    ...(steps !== null && { steps }),
    ...(diffusion !== null && { diffusion }),
    ...(guidance !== 1 && { guidance }),
  };
  return {
    ...{ dsbm: version, split, n, seed },
    ...(Object.keys(sampler).length > 0 && { sampler }),
    ...(holdouts.length > 0 && { holdouts: [...holdouts] }),
    rows: rows.toSorted((a, b) => order(a) - order(b)).map((row) => metricRow.parse(row)),
    left_out: leftOut(subject, rows, how, wanted ?? new Set()),
  };
}

/** The names of metrics that words choose: their own, or those of a group. */
function checked(words: readonly string[]): Set<string> {
  const known = [...metricNames, ...rareNames, ...holdoutNames];
  for (const word of words)
    if (!known.includes(word) && !Object.hasOwn(groups, word))
      throw new UsageError(
        `metrics=${word}: expected some of ${[...Object.keys(groups), ...known].join(", ")}`,
      );
  const chosen = words.flatMap((word) => groups[word] ?? [word]);
  // A bridge that moves nothing has the least displacement: the distance of the ends from the target stands beside it.
  const beside = chosen.flatMap((name) => {
    const [, baseline] = /^(.*_|)displacement$/.exec(name) ?? [];
    return baseline === undefined ? [] : [`${baseline}sliced_w2`, "sliced_w2"];
  });
  return new Set([...chosen, ...beside]);
}

function checkedTimes(
  holdouts: readonly Holdout[],
  { networks, trained }: Subject,
): readonly Holdout[] {
  const odd = holdouts.find(({ at }) => !(at > 0 && at < 1));
  if (odd) throw new UsageError(`at=${odd.at}: expected a time between 0 and 1, such as at=0.5`);
  if (!networks.f)
    throw new UsageError(
      `holdout=${holdouts[0]?.path}: ${trained.folder} has no weights of direction f yet, which carry the source there: leave holdout out`,
    );
  return holdouts;
}

/** What was asked for and has no row, and why. */
function leftOut(
  subject: Subject,
  rows: readonly QualityRow[],
  { wants, reasons }: MeasureOptions,
  asked: ReadonlySet<string>,
): string[] {
  const there = new Set(rows.map(({ metric }) => metric));
  const expected = [...metricNames.filter(wants), ...rareNames.filter((name) => asked.has(name))];
  const missing = expected.filter((name) => !there.has(name));
  const { vectors, networks, trained } = subject;
  const reason = (name: string): string => {
    if (name === "share") return "";
    if (name === "agreement" && !(networks.f && networks.b))
      return "it needs networks of both directions";
    const own = reasons.get(name);
    if (own !== undefined) return own;
    if (name === "path_energy") return `${trained.method.name} has no drift to sum`;
    if (!vectors) return "it is for vectors";
    if (name === "optimality")
      return "it needs the SDE of a Brownian bridge, and more pairs than these: so few of the exact bridge look like random ones";
    if (name === "npe" || name === "straightness")
      return "it needs the probability flow of both directions";
    return "the data have too many values";
  };
  const named = new Map<string, string[]>();
  for (const name of missing) {
    const why = reason(name);
    if (why !== "") named.set(why, [...(named.get(why) ?? []), name]);
  }
  return [...named].map(([why, names]) => `${names.join(", ")}: ${why}`);
}
