// The figures of an evaluation in a report, each with what to see.
import { join } from "node:path";
import { firstOf } from "@dsbm/files";
import { type AxisUnits, plainUnits } from "../figure/axis-units.js";
import { coursePanels } from "../figure/course.js";
import { categoryPanel, histogramPanel } from "../figure/histogram.js";
import { conditionPanels, type PlaneOptions, planeLegend, planePanels } from "../figure/plane.js";
import { type Points, readPoints } from "../figure/points-file.js";
import type { Panel } from "../figure/svg.js";
import { digits } from "../numbers.js";
import type { CourseRecord, DataFile } from "../run/data-file.js";
import type { MetricRow, Quality } from "../run/quality.js";
import { categoryCaption, closeness, cutText, histogramCaption } from "./captions.js";
import { timesOfCourse } from "./course.js";
import { columnCount, constantColumns } from "./data-section.js";
import type { Names } from "./names.js";
import { worstShares } from "./order.js";
import { charts, type Html, html, type Picture, pictures, piecesOf } from "./page/html.js";
import { mainRow } from "./verdict.js";

/** An evaluation shown in figures. */
export interface EvaluationView {
  /** The evaluated direction. */
  direction: "f" | "b";
  /** The prefix of its files below samples/. */
  id: string;
  /** Figures with their captions. */
  pictures: readonly Picture[];
}

/** What figures show next to the points of their evaluation. */
interface FigureFacts {
  names: Names;
  data: DataFile | null;
  quality: Quality | null;
}

/** The metrics of a direction, for captions. */
interface DirectionRows {
  /** The metric that the verdict rests on. */
  main: MetricRow | undefined;
  /** Of each column, the worst first. */
  columns: readonly MetricRow[];
  /** Of intermediate times. */
  marginals: readonly MetricRow[];
  /** Of each class or range of the condition, the worst first. */
  conditions: readonly MetricRow[];
  spread: MetricRow | undefined;
  /** The title of a metric at the endpoint, by its name there, at a time or in a condition. */
  titleOf(row: MetricRow): string;
}

/** The metric that orders conditions. */
const conditionMetric = "condition_sliced_w2";

interface FigureOptions extends PlaneOptions {
  data: DataFile | null;
  course: CourseRecord | null;
  rows: DirectionRows;
}

/** The figures of evaluations, each under the name of its direction. */
export async function evaluationFigures(
  folder: string,
  views: readonly EvaluationView[],
  { names, data, quality }: FigureFacts,
): Promise<Html[]> {
  const units = data ? unitsOf(data) : plainUnits;
  const course = data?.course ?? null;
  const figures = views.map((view) => {
    const { direction } = view;
    const times = course && (course.datasets.length > 2 ? timesOfCourse(course) : null);
    const inOrder = times && (direction === "f" ? times : times.toReversed());
    return viewOf(folder, view, {
      direction,
      names,
      units,
      data,
      course,
      rows: rowsOf(direction, quality),
      ...(inOrder && { times: inOrder }),
    });
  });
  return (await Promise.all(figures)).flat();
}

function rowsOf(direction: "f" | "b", quality: Quality | null): DirectionRows {
  const rows = (quality?.rows ?? []).filter((row) => row.direction === direction);
  return {
    main: quality ? mainRow(quality, direction) : undefined,
    columns: rows.filter(({ column }) => column !== undefined),
    marginals: rows.filter(({ group }) => group === "marginals"),
    conditions: worstShares(
      rows.filter(({ name, group }) => group === "conditions" && name === conditionMetric),
    ),
    spread: rows.find(({ name }) => name === "variance_ratio"),
    titleOf: ({ name, title }) =>
      rows.find((row) => row.name === name.replace(/^(marginal|condition)_/, ""))?.title ?? title,
  };
}

async function viewOf(
  folder: string,
  { direction, id, pictures: files }: EvaluationView,
  options: FigureOptions,
): Promise<Html[]> {
  const points = readPoints(join(folder, `samples/${id}_points.json`));
  if (!points && files.length === 0) return [];
  const { source, target } = options.names;
  const usual =
    direction === "f"
      ? `Forward: from ${source} to ${target}`
      : `Backward: from ${target} to ${source}`;
  // The scatter plot of the folder shows the same points.
  const rest = points ? files.filter(({ path }) => !path.endsWith("_scatter.svg")) : files;
  return piecesOf(
    html`<h3>${usual}</h3>`,
    points && (await pointFigures(points, options)),
    rest.length > 0 && pictures(rest),
  );
}

async function pointFigures(points: Points, options: FigureOptions): Promise<Html[]> {
  const { plane, course } = points;
  const { names, direction, rows, times, course: record } = options;
  const { panels, cut } = await planePanels(plane, options);
  const goal = direction === "f" ? names.target : names.source;
  const fields =
    course &&
    (await coursePanels(course, plane, { ...options, ...(record && { timeName: record.name }) }));
  const note = [
    `Generated rows (blue) should cover ${times ? "the data of each time" : `the rows of ${goal}`}.`,
    rows.main && !times && closeness(rows.main),
    rows.spread && `Their variance is ${digits(rows.spread.value)} of the variance of ${goal}.`,
    cutText(cut),
    plane.explained &&
      "The axes are the first two principal components, with their shares of the variance.",
  ].filter(Boolean);
  return piecesOf(
    html`<p>${note.join(" ")}</p>`,
    charts(
      "medium",
      times ? withTimeCaptions(panels, options) : panels,
      times ? [] : planeLegend(options, points.rows),
    ),
    fields !== undefined && fields.length > 0 && charts("medium", fields),
    await conditionFigures(points, options),
    await columnFigures(points, options),
  );
}

/** Small multiples by class or range of the condition, the worst first. */
async function conditionFigures(
  { plane, conditions }: Points,
  options: FigureOptions,
): Promise<Html[]> {
  if (conditions.length === 0) return [];
  const { rows, names, direction } = options;
  const rowOf = (label: string) => rows.conditions.find(({ at }) => at === label);
  const order = rows.conditions.map(({ at }) => at);
  const rankOf = ({ label }: { label: string }) => {
    const place = order.indexOf(label);
    return place < 0 ? order.length : place;
  };
  const sorted = conditions.toSorted((a, b) => rankOf(a) - rankOf(b));
  const panels = await conditionPanels(sorted, plane, options);
  const withCaptions = panels.map((panel) => {
    const row = rowOf(panel.title ?? "");
    return row ? { ...panel, caption: closeness(row, rows.titleOf(row)) } : panel;
  });
  const goal = direction === "f" ? names.target : names.source;
  return [
    html`<h4>By condition</h4>`,
    html`<p class="note">Each panel has the rows of one condition: generated rows (blue) should cover the rows of ${goal}. The worst come first.</p>`,
    ...charts("medium", withCaptions),
  ];
}

/** How close the generated rows of each time are to its data. */
function withTimeCaptions(
  panels: readonly Panel[],
  { times = [], rows: { main, marginals, titleOf } }: FigureOptions,
): Panel[] {
  return panels.map((panel, i) => {
    const row =
      i === times.length - 1 ? main : i > 0 && marginals.find(({ at }) => at === times[i]);
    return row ? { ...panel, caption: closeness(row, titleOf(row)) } : panel;
  });
}

/** Histograms of columns and shares of categories, the worst first. */
async function columnFigures(points: Points, options: FigureOptions): Promise<Html[]> {
  const { histograms, categories, dim } = points;
  const { direction, data, units, names, rows } = options;
  const reference = direction === "f" ? "target" : "source";
  const rankOf = (name: string) => {
    const place = rows.columns.findIndex(({ column }) => column === name);
    return place < 0 ? rows.columns.length : place;
  };
  const rowOf = (name: string) => {
    const row = rows.columns.find(({ column }) => column === name);
    return { reference, ...(row && { row }) } as const;
  };
  const drawn = [
    ...histograms.map((one) => {
      const name = data?.columns[one.column]?.name ?? units.name(one.column);
      const caption = histogramCaption(one, { units, ...rowOf(name) });
      return { name, panel: async () => ({ ...(await histogramPanel(one, options)), caption }) };
    }),
    ...categories.map((one) => ({
      name: one.name,
      panel: async () => ({
        ...(await categoryPanel(one)),
        caption: categoryCaption(one, rowOf(one.name)),
      }),
    })),
  ].toSorted((a, b) => rankOf(a.name) - rankOf(b.name));
  if (drawn.length === 0) return [];
  const panels = await Promise.all(drawn.map(({ panel }) => panel()));
  const all = data ? columnCount(data) : dim;
  const constant = constantColumns(data);
  const left = all - constant.length - drawn.length;
  const note = [
    `Generated rows (blue) should have the shape of ${reference === "target" ? names.target : names.source} (outline).`,
    left > 0
      ? `${drawn.length} of ${all} columns, the worst first.`
      : drawn.length > 1 && "The worst come first.",
    constant.length > 0 &&
      `${constant.length === 1 ? "One column is" : `${constant.length} columns are`} constant and not drawn: ${firstOf(constant, 5)}.`,
    "The first and the last bar also hold what lies beyond.",
  ].filter(Boolean);
  return [
    html`<h4>Column by column</h4>`,
    html`<p class="note">${note.join(" ")}</p>`,
    ...charts("small", panels, planeLegend(options, points.rows)),
  ];
}

function unitsOf({ columns, transform }: DataFile): AxisUnits {
  const { mean, std, log1p, standardise } = transform;
  const isSqueezed = standardise === "robust";
  const of = (numbers: readonly number[], column: number) =>
    numbers.length === 1 ? numbers[0] : numbers[column];
  return {
    name(column) {
      const name = columns[column]?.name ?? plainUnits.name(column);
      const logged = log1p ? `log(1 + ${name})` : name;
      const [m, s] = [mean, std].map((numbers) => digits(numbers[column] ?? 0));
      return isSqueezed ? `asinh((${logged} − ${m}) / ${s})` : logged;
    },
    value: (column, x) => (isSqueezed ? x : x * (of(std, column) ?? 1) + (of(mean, column) ?? 0)),
  };
}
