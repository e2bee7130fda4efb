import type { RunDetail } from "../../shared/api.js";
import { align, axisOf, type CurvePoints, evaluationsOf, smoothValues } from "../chart/axis.js";
import type { Curve } from "../chart/chart.js";
import { runStyle } from "../chart/theme.js";
import { trainingTitles } from "../lib/format.js";

/** Curves of a run: metrics of training, then of evaluations. */
export const curveNames = ({ history, results }: RunDetail): string[] => [
  ...Object.keys(history.metrics),
  ...results.references.map(({ column }) => column),
];

/** The title of a metric of training or of evaluations. */
export const curveTitle = (runs: readonly RunDetail[], metric: string): string =>
  trainingTitles[metric] ??
  runs.flatMap(({ results }) => results.references).find(({ column }) => column === metric)
    ?.title ??
  metric;

/** Whether a metric comes from training steps, and not from evaluations. */
const isTraining = (runs: readonly RunDetail[], metric: string): boolean =>
  runs.some(({ history }) => metric in history.metrics);

/** Whether a metric's axis is logarithmic. */
export const isLog = (runs: readonly RunDetail[], metric: string): boolean =>
  metric === "loss" ||
  runs.some(({ results }) =>
    results.references.some(({ column, log }) => column === metric && log),
  );

interface OverlayOptions {
  metric: string;
  way: string;
  labels: readonly string[];
  /** The look of each run: runs of one look differ in their seed. */
  styles: readonly number[];
}

/** The curves of a metric of several runs over one axis. */
export function overlay(
  runs: readonly RunDetail[],
  options: OverlayOptions,
): { x: number[]; curves: Curve[] } {
  const { metric, labels, styles } = options;
  const isTrained = isTraining(runs, metric);
  const isPositive = isLog(runs, metric);
  const { x, ys } = align(
    runs.map((run) => {
      const points = isTrained ? trainingPoints(run, options) : evaluationPoints(run, options);
      return points.map(([at, v]) => [at, v !== null && isPositive && v <= 0 ? null : v]);
    }),
  );
  const curves = ys.map((y, i) => ({
    label: labels[i],
    y,
    points: !isTrained,
    ...runStyle(styles[i] ?? i),
  }));
  return { x, curves };
}

function trainingPoints({ history }: RunDetail, { metric, way }: OverlayOptions): CurvePoints {
  const { x } = axisOf(history);
  const isShown = (i: number) => history.direction[i] === way;
  const raw = (history.metrics[metric] ?? []).map((v, i) => (isShown(i) ? v : null));
  return smoothValues(history, raw).map((v, i) => [x[i], v]);
}

function evaluationPoints(
  { results, history }: RunDetail,
  { metric, way }: OverlayOptions,
): CurvePoints {
  const rows = evaluationsOf(results.rows, { axis: axisOf(history), metric, direction: way });
  return rows.map(([x, row]) => [x, row[metric] as number]);
}
