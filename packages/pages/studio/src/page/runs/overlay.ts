import type { HistoryPart, RunDetail } from "../../shared/api.js";
import { emptyHistory } from "../../shared/history.js";
import { align, axisOf, evaluationsOf, type Points } from "../chart/axis.js";
import type { Curve } from "../chart/chart.js";
import { smoothed } from "../chart/smooth.js";
import { runStyle } from "../chart/theme.js";

/** Runs in one chart: as many as have a look of their own. */
export const mostCompared = 32;

export interface Found {
  detail: RunDetail;
  history: HistoryPart | null;
}

/** Curves of a run: metrics of training, then of evaluations. */
export const curveNames = ({ detail, history }: Found): string[] => [
  ...Object.keys(history?.metrics ?? {}),
  ...detail.results.references.map(({ column }) => column),
];

export const isTraining = (runs: readonly Found[], metric: string): boolean =>
  runs.some(({ history }) => history !== null && metric in history.metrics);

interface OverlayOptions {
  metric: string;
  way: string;
  weight: number;
  labels: readonly string[];
  isLog: boolean;
}

export function overlay(
  runs: readonly Found[],
  options: OverlayOptions,
): { x: number[]; curves: Curve[] } {
  const { metric, labels, isLog } = options;
  const isTrained = isTraining(runs, metric);
  const { x, ys } = align(
    runs.map((run) => {
      const points = isTrained ? trained(run, options) : evaluated(run, options);
      return points.map(([at, v]) => [at, v !== null && isLog && v <= 0 ? null : v]);
    }),
  );
  const curves = ys.map((y, i) => ({
    label: labels[i] as string,
    y,
    points: !isTrained,
    ...runStyle(i),
  }));
  return { x, curves };
}

function trained({ history }: Found, { metric, way, weight }: OverlayOptions): Points {
  if (!history) return [];
  const { x } = axisOf(history);
  const isShown = (i: number) => way === "both" || history.direction[i] === way;
  const raw = (history.metrics[metric] ?? []).map((v, i) => (isShown(i) ? v : null));
  return smoothed(history, raw, weight).map((v, i) => [x[i] as number, v]);
}

function evaluated({ detail, history }: Found, { metric, way }: OverlayOptions): Points {
  const axis = axisOf(history ?? emptyHistory);
  const rows = evaluationsOf(detail.results.rows, { axis, metric, direction: way });
  return rows.map(([x, row]) => [x, row[metric] as number]);
}
