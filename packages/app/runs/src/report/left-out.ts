import type { MetricRow } from "../run/quality.js";
import { digits } from "./page/digits.js";

/** Exact distances to held-out times. */
export const leftOutRows = (rows: readonly MetricRow[]): MetricRow[] =>
  rows.filter(({ name }) => /^(loo|holdout)_(a|b|nearest)_w1$/.test(name));

/** One for each held-out time, with the bridge's distance and the distances without a bridge. */
export function leftOutSentences(rows: readonly MetricRow[]): string[] {
  const distances = leftOutRows(rows);
  const times = [...new Set(distances.map(({ at }) => at))];
  return times.flatMap((at) => {
    const here = distances.filter((row) => row.at === at);
    const nearest = here.find(({ name }) => name.endsWith("_nearest_w1"));
    const bridges = here.filter((row) => row !== nearest && row.ceiling !== null);
    const [first] = bridges;
    if (!first || !nearest) return [];
    const values = bridges.map(({ value, interval }) => {
      const range = interval ? ` (${interval.map((x) => digits(x)).join(" to ")})` : "";
      return `${digits(value)}${range}`;
    });
    const high = Math.max(...bridges.map(({ interval, value }) => interval?.[1] ?? value));
    const others = [
      ["straight lines between its neighbours", first.ceiling!],
      ["the nearest time copied", nearest.value],
    ] as const;
    const missed = others.filter(([, value]) => high >= value).map(([words]) => words);
    const finding =
      missed.length === 0
        ? "The bridge is better than both."
        : `The bridge is no better than ${missed.join(" and ")}.`;
    const comparison = others.map(([words, value]) => `${words} ${digits(value)}`).join(", ");
    return [
      `Without ${at}: 1-Wasserstein ${values.join(" and ")}, floor ${digits(first.floor)}, ${comparison}. ${finding}`,
    ];
  });
}
