// One curve of several runs in one chart: a metric of training, smoothed, or one of evaluations.
import type { HistoryPart, RunDetail } from "../../shared/api.js";
import { axisOf } from "../chart/axis.js";
import type { Curve, Values } from "../chart/chart.js";
import { smooth } from "../chart/smooth.js";
import { runStyle } from "../chart/theme.js";

export interface Found {
  detail: RunDetail;
  history: HistoryPart | null;
}

/** What can be drawn of a run: metrics of training, then of evaluations. */
export const curveNames = ({ detail, history }: Found): string[] => [
  ...Object.keys(history?.metrics ?? {}),
  ...detail.results.references.map(({ column }) => column),
];

export const isTraining = (runs: readonly Found[], metric: string): boolean =>
  runs.some(({ history }) => history !== null && metric in history.metrics);

export interface OverlayOptions {
  metric: string;
  /** "f", "b", or "both". */
  way: string;
  weight: number;
  labels: readonly string[];
  isLog: boolean;
}

/** The metric of all runs over their training steps. */
export function overlay(
  runs: readonly Found[],
  options: OverlayOptions,
): { x: number[]; curves: Curve[] } {
  const { metric, labels, isLog } = options;
  const isTrained = isTraining(runs, metric);
  const points = runs.map((run) => {
    const found = isTrained ? trained(run, options) : evaluated(run, options);
    return new Map(found.map(([x, v]) => [x, v !== null && isLog && v <= 0 ? null : v]));
  });
  const x = [...new Set(points.flatMap((own) => [...own.keys()]))].sort((a, b) => a - b);
  const curves = points.map((own, i): Curve => {
    // Where a run has no row, its line goes on (undefined); where it has one of the other direction, it ends (null).
    const y = x.map((at) => (own.has(at) ? own.get(at) : undefined)) as Values;
    return { label: labels[i] as string, y, points: !isTrained, ...runStyle(i) };
  });
  return { x, curves };
}

type Points = [x: number, value: number | null][];

function trained({ history }: Found, { metric, way, weight }: OverlayOptions): Points {
  if (!history) return [];
  const { x } = axisOf(history);
  const isShown = (i: number) => way === "both" || history.direction[i] === way;
  const raw = (history.metrics[metric]?.mean ?? []).map((v, i) => (isShown(i) ? v : null));
  const startsAt = (i: number) => history.half[i] !== history.half[i - 1];
  const shown = weight === 0 ? raw : smooth(raw, weight, startsAt);
  return shown.map((v, i) => [x[i] as number, v]);
}

function evaluated({ detail, history }: Found, { metric, way }: OverlayOptions): Points {
  const { columns, rows } = detail.results;
  const axis = history && axisOf(history);
  const places = ["half_iteration", "step", "direction", metric].map((c) => columns.indexOf(c));
  return rows.flatMap((row): Points => {
    const [half, step, direction, value] = places.map((at) => row[at]);
    if (typeof half !== "number" || typeof value !== "number") return [];
    if (direction !== way) return [];
    return [[axis ? axis.place(half, step) : half, value]];
  });
}
