// Why a number is above the published one of the same method, from what the command knows of its runs.
import type { Metric } from "./benchmark.js";
import type { Finished } from "./engine.js";
import { type Entry, type Line, shown, type Table } from "./table.js";

/** A sentence for each number above the published one; equal ones of a method stand together. */
export function explanations(table: Table, quick: boolean): string[] {
  return table.lines.flatMap(({ label, entries }) => {
    const byText = new Map<string, string[]>();
    for (const [i, entry] of entries.entries()) {
      if (!entry?.publishedBelow) continue;
      const text = reasons(table, { entry, column: i, quick }).join("; ");
      byText.set(text, [...(byText.get(text) ?? []), table.columns[i] as string]);
    }
    return [...byText].map(([text, columns]) => `${label}, ${columns.join(", ")}: ${text}.`);
  });
}

function reasons(
  { metric, lines, columns }: Table,
  { entry, column, quick }: { entry: Entry; column: number; quick: boolean },
): string[] {
  const { value, spread, runs, publishedBelow: rival } = entry;
  const count = new Set(runs.map(({ seed }) => seed)).size;
  const goal = rival?.values[columns[column] as string] as number;
  const known = [
    floorOf(metric, lines, { column, goal }),
    spread !== null && value - spread <= goal ? "within one standard deviation of the seeds" : null,
    quick ? (metric.quick ?? null) : null,
    stepsOf(runs, rival?.steps),
    rival?.seeds && count < rival.seeds
      ? `${count === 1 ? "one seed" : `${count} seeds`}, published: ${rival.seeds}`
      : null,
    rival?.differs ?? null,
  ].filter((reason) => reason !== null);
  return known.length > 0 ? known : ["no reason is known"];
}

/** What a perfect method has, where that leaves little below the published number. */
function floorOf(
  metric: Metric,
  lines: readonly Line[],
  { column, goal }: { column: number; goal: number },
): string | null {
  const floor = lines.find(({ label }) => label === metric.floor)?.entries[column];
  if (!floor || floor.value < 0.7 * goal) return null;
  const found = `${metric.floor}: ${shown(floor.value, metric)}`;
  return floor.value >= goal ? `${found}, above the published number too` : found;
}

/** Training steps, where there were fewer than those of the configuration or the published ones. */
function stepsOf(runs: readonly Finished[], published = 0): string | null {
  const least = (name: string) => Math.min(...runs.map(({ values }) => values[name] ?? Infinity));
  const [steps, whole] = [least("steps"), least("steps_full")];
  if (!Number.isFinite(steps) || steps <= 1) return null;
  const of = [
    ...(steps < 0.98 * whole && Number.isFinite(whole) ? [`${whole} of the full benchmark`] : []),
    ...(steps < published ? [`${published} published`] : []),
  ];
  return of.length > 0 ? `${steps} training steps (${of.join(", ")})` : null;
}
