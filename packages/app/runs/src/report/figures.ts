// The figures of an evaluation in a report, each with what to see.
import { join } from "node:path";
import { firstOf } from "@dsbm/files";
import { coursePanels } from "../figure/course.js";
import { categoryPanel, histogramPanel } from "../figure/histogram.js";
import { type PlaneOptions, planeLegend, planePanels } from "../figure/plane.js";
import { type Points, readPoints } from "../figure/points-file.js";
import type { Panel } from "../figure/svg.js";
import type { CourseRecord, DataFile } from "../run/data-file.js";
import type { Quality } from "../run/quality.js";
import { categoryCaption, closeness, cutText, histogramCaption } from "./captions.js";
import { conditionFigures, conditionImages } from "./condition-figures.js";
import { columnCount, constantColumns } from "./data-section.js";
import { type DirectionRows, directionRows } from "./direction-rows.js";
import { evaluationPictures, goalNotes } from "./evaluation-pictures.js";
import type { Names } from "./names.js";
import { charts, type Html, html, pictures, piecesOf } from "./page/html.js";
import { planeOptions } from "./plane-options.js";

/** An evaluation shown in figures. */
export interface EvaluationView {
  /** The evaluated direction. */
  direction: "f" | "b";
  /** The prefix of its files below samples/. */
  id: string;
}

/** What figures show next to the points of their evaluation. */
interface FigureFacts {
  names: Names;
  data: DataFile | null;
  quality: Quality | null;
}

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
  const figures = views.map((view) =>
    viewOf(folder, view, {
      ...planeOptions(view.direction, data, names),
      data,
      course: data?.course ?? null,
      rows: directionRows(view.direction, quality),
    }),
  );
  return (await Promise.all(figures)).flat();
}

async function viewOf(
  folder: string,
  { direction, id }: EvaluationView,
  options: FigureOptions,
): Promise<Html[]> {
  const points = readPoints(join(folder, `samples/${id}_points.json`));
  const files = evaluationPictures(folder, id, options);
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
    rest.length > 0 && pictures(rest),
    conditionImages(join(folder, "samples"), id, options),
    points && (await pointFigures(points, options)),
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
    ...goalNotes({ main: times ? undefined : rows.main, spread: rows.spread }, goal),
    cutText(cut),
    plane.explained &&
      `The axes are the first two principal components, with their shares of the variance${plane.weights ? ", named by the columns of the largest weights" : ""}.`,
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
