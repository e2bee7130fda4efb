// The figures of an evaluation in a report.
import { join } from "node:path";
import { coursePanels } from "../figure/course.js";
import {
  type AxisUnits,
  histogramPanel,
  type PlaneOptions,
  type Points,
  plainUnits,
  planeLegend,
  planePanels,
  readPoints,
} from "../figure/plane.js";
import type { DataFile } from "../run/data-file.js";
import type { Quality } from "../run/quality.js";
import type { Names } from "./names.js";
import { charts, type Html, html, type Picture, pictures, piecesOf } from "./page/html.js";
import { digits } from "./page/numbers.js";

/** An evaluation shown in figures. */
export interface EvaluationView {
  /** The evaluated direction. */
  direction: "f" | "b";
  /** The prefix of its files below samples/. */
  id: string;
  /** Figures with their captions. */
  pictures: readonly Picture[];
}

type FigureOptions = PlaneOptions & {
  rank: (column: number) => number;
};

/** What figures show next to the points of their evaluation. */
interface FigureFacts {
  names: Names;
  data: DataFile | null;
  quality: Quality | null;
}

/** The figures of evaluations, each under the name of its direction. */
export async function evaluationFigures(
  folder: string,
  views: readonly EvaluationView[],
  { names, data, quality }: FigureFacts,
): Promise<Html[]> {
  const units = data ? unitsOf(data) : plainUnits;
  const figures = views.map((view) => {
    const { direction } = view;
    return viewOf(folder, view, {
      direction,
      names,
      units,
      rank: rankOf(direction, data, quality),
    });
  });
  return (await Promise.all(figures)).flat();
}

/** The rank of a column, the worst first, as quality.json has the columns of a direction. */
function rankOf(direction: "f" | "b", data: DataFile | null, quality: Quality | null) {
  const worst = (quality?.rows ?? []).filter(
    (row) => row.column !== undefined && row.direction === direction,
  );
  return (column: number) => {
    const place = worst.findIndex((row) => row.column === data?.columns[column]?.name);
    return place < 0 ? worst.length : place;
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

async function pointFigures(
  { dim, plane, course, histograms }: Points,
  options: FigureOptions,
): Promise<Html[]> {
  const reference = options.direction === "f" ? "target" : "source";
  const { rank } = options;
  const sorted = histograms.toSorted((a, b) => rank(a.column) - rank(b.column));
  const bars = await Promise.all(sorted.map((one) => histogramPanel(one, options)));
  const some = dim > bars.length ? `${bars.length} of ${dim} columns, the` : "The";
  return piecesOf(
    charts("medium", await planePanels(plane, options), planeLegend(options)),
    course !== undefined && charts("medium", await coursePanels(course, plane, options)),
    bars.length > 0 && [
      html`<p class="note">Generated rows (bars) should have the shape of the ${reference} (outline). ${some} worst come first. The first and the last bar also hold what lies beyond.</p>`,
      ...charts("small", bars),
    ],
  );
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
