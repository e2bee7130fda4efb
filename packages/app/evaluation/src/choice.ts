// The metrics that a user asks for, and the reasons of those without a row.
import { ConfigError } from "@dsbm/config";
import { earlierNames, type MetricRow, type Progress, type Quality } from "@dsbm/runs";
import type { Metric, MetricVariant } from "./metric.js";

/** The metrics of an evaluation. */
export interface MetricChoice<M> {
  /** Metrics that variants choose from. */
  all: readonly M[];
  metrics: readonly M[];
  /** Whether the user named nothing. */
  isAll: boolean;
  has(name: string): boolean;
}

type VariedMetrics = readonly Pick<Metric, "name" | "variants">[];

/** Names of the metrics of a variant. */
const variantNames = (all: VariedMetrics, variant: MetricVariant, prefix: string): string[] =>
  all.flatMap(({ name, variants }) => (variants?.includes(variant) ? [`${prefix}${name}`] : []));

/** Names of the metrics of each class or quarter of a condition. */
export const conditionNames = (all: VariedMetrics): string[] =>
  variantNames(all, "conditions", "condition_");

/** Names of the metrics of intermediate times. */
export const marginalNames = (all: VariedMetrics): string[] =>
  variantNames(all, "marginals", "marginal_");

/**
 * Chooses metrics by name or group; a line notes earlier names.
 * @throws {ConfigError} for other names.
 */
export function chooseMetrics<M extends Pick<Metric, "name" | "group" | "onRequest" | "variants">>(
  all: readonly M[],
  words: string | readonly string[] | null,
  progress: Progress,
): MetricChoice<M> {
  const usual = all.filter(({ onRequest }) => !onRequest);
  if (words === null) return { all, metrics: usual, isAll: true, has: () => true };
  const groups = new Set<string>(all.map(({ group }) => group));
  // Hold-outs are measured if files are given.
  const middle = variantNames(all, "middle", "middle_");
  const conditions = conditionNames(all);
  const variants = { marginals: marginalNames(all), conditions, middle, holdout: [] };
  const names = [...all.map(({ name }) => name), ...variants.marginals, ...conditions, ...middle];
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

/** Metrics without a row by their reasons. */
function withoutRow(
  rows: readonly MetricRow[],
  reasons: ReadonlyMap<string, string>,
): { names: string[]; reason: string }[] {
  const named = new Map<string, string[]>();
  for (const [name, reason] of reasons)
    if (!rows.some((row) => row.name === name))
      named.set(reason, [...(named.get(reason) ?? []), name]);
  return [...named].map(([reason, names]) => ({ names, reason }));
}

/** Reasons for metrics without a row, a line each. */
export const leftOut = (
  rows: readonly MetricRow[],
  reasons: ReadonlyMap<string, string>,
): string[] =>
  withoutRow(rows, reasons).map(({ names, reason }) => `${names.join(", ")}: ${reason}`);

/** Titles of metrics without a row, with their reasons. */
export const unmeasuredMetrics = (
  rows: readonly MetricRow[],
  reasons: ReadonlyMap<string, string>,
  all: readonly Pick<Metric, "name" | "title">[],
): NonNullable<Quality["unmeasured"]> =>
  withoutRow(rows, reasons).map(({ names, reason }) => ({
    titles: names.map((name) => all.find((metric) => metric.name === name)?.title ?? name),
    reason,
  }));
