// Leave-one-out and hold-outs in sentences, for reports and the terminal.

import { digits } from "@dsbm/files";
import type { MetricRow } from "../run/quality.js";

/** Exact distances at held-out times. */
export const heldOutRows = (rows: readonly MetricRow[]): MetricRow[] =>
  rows.filter(({ held_out }) => held_out !== undefined);

/** What a held-out time shows: the time, and a sentence without it. */
export interface HeldOutFinding {
  at: string;
  text: string;
}

/** The finding of each held-out time, with the bridge's distance and the distances without a bridge. */
export function heldOutFindings(rows: readonly MetricRow[]): HeldOutFinding[] {
  const distances = heldOutRows(rows);
  const times = [...new Set(distances.map(({ at }) => at))];
  return times.flatMap((at = "") => {
    const text = findingOf(distances.filter((row) => row.at === at));
    return text === null ? [] : { at, text };
  });
}

/** One sentence for each held-out time. */
export const heldOutSentences = (rows: readonly MetricRow[]): string[] =>
  heldOutFindings(rows).map(({ at, text }) => `Without ${at}: ${text}`);

function findingOf(rows: readonly MetricRow[]): string | null {
  const nearest = rows.find(({ held_out }) => held_out?.protocol === "nearest");
  const bridges = rows.filter((row) => row !== nearest && row.ceiling !== null);
  const [first] = bridges;
  if (!first || !nearest) return null;
  const values = bridges.map(({ value, interval }) => {
    const range = interval ? ` (${interval.map((x) => digits(x)).join(" to ")})` : "";
    return `${digits(value)}${range}`;
  });
  const rivals = [
    ["line", "straight lines between its neighbours", first.ceiling],
    ["nearest", "the nearest time copied", nearest.value],
  ] as const;
  const comparison = rivals.map(([, words, value]) => `${words} ${digits(value)}`).join(", ");
  const misses = bridges.map(({ held_out }) => held_out?.misses ?? null);
  const missed = rivals.filter(([name]) => misses.some((list) => list?.includes(name)));
  const finding = misses.includes(null)
    ? ""
    : missed.length === 0
      ? ` The bridge is better than both${bridges.some(({ grade }) => grade === "undecided") ? ", but too few rows show how close it is to real data" : ""}.`
      : ` The bridge is no better than ${missed.map(([, words]) => words).join(" and ")}.`;
  return `1-Wasserstein ${values.join(" and ")}, floor ${digits(first.floor)}, ${comparison}.${finding}`;
}
