import { categoryBlocks, principalComponents } from "@dsbm/data";
import { marginalsOf, shortName, testConditions, testRows } from "@dsbm/datasets";
import { conditionGroups, keepOnProcessor } from "@dsbm/evaluation";
import { timeScale } from "@dsbm/inference";
import {
  directionNames,
  distinctNames,
  endNames,
  type Points,
  planeOptions,
  readDataFile,
  scatterFigure,
  svgToPng,
  toJson,
} from "@dsbm/runs";
import { cat, tidy } from "@dsbm/torch";
import { courseOf } from "./course.js";
import { type DrawnEvaluation, type EvaluationFiles, pathsOf } from "./drawn-evaluation.js";
import { placeIn, pointsOf } from "./points.js";

const mostPaths = 400;

/** Writes the points and the plot. Returns the plot as PNG, or null without PNG. */
export async function writeScatter(
  evaluation: DrawnEvaluation,
  { id, run }: EvaluationFiles,
): Promise<Buffer | null> {
  const { start, end, data, direction } = evaluation.set;
  const { subject, options: measuring } = evaluation.context;
  const { datasets } = subject;
  const { states, times, masses } = await pathsOf(evaluation, mostPaths);
  const { config } = subject.trained;
  const scale = timeScale(config) ?? { from: 0, length: 1 };
  const { points, axes } = tidy(() => {
    const [source, target] = direction === "f" ? [start, data] : [data, start];
    const isPlain = source.size(1) <= 2 || datasets.exact !== null;
    const passed = datasets.between.map((one, i) => {
      const time = datasets.chain?.times[i + 1] as number;
      const at = times.findIndex((t) => Math.abs(t - time) < 1e-9);
      const rows = testRows(one, mostPaths, measuring.seed, measuring.split).to({ device: "cpu" });
      const name = config.data.split_by === null ? shortName(one.name) : "";
      const timeInUnits = scale.from + scale.length * time;
      return { name, time: timeInUnits, data: rows, generated: states.select(0, at) };
    });
    const all = [source, ...passed.map((one) => one.data), target];
    const axes = isPlain ? null : principalComponents(cat(all), { k: 2, use: "figure" });
    const between = direction === "f" ? passed : passed.toReversed();
    const path = { states, times };
    axes?.basis.keep();
    const conditions = conditionGroups(evaluation.set, evaluation.context);
    const areColumns = subject.names !== null && datasets.projection === null;
    const vectors = { direction, start, end, data, path, between, axes, areColumns, conditions };
    return { axes, points: pointsOf({ ...vectors, ...levelsOf(evaluation) }) };
  });
  const dated = marginalsOf(datasets).map((one, i) => ({
    x: keepOnProcessor(() => testRows(one, mostPaths, measuring.seed, measuring.split)),
    time: datasets.chain?.times[i] ?? i,
    conditions: (n: number) => testConditions({ x0: one, x1: one }, "x0", n, measuring.split),
  }));
  const [first, last] = [0, -1].map((k) => states.select(0, k));
  try {
    const course = await courseOf({
      direction,
      bridge: subject.bridge,
      datasets,
      seed: measuring.seed,
      dated,
      times,
      masses,
      start: first,
      end: last,
      place: placeIn({ direction, start, data, axes }),
    });
    if (course) points.course = course;
  } finally {
    for (const t of [states, first, last, axes?.basis, ...dated.map(({ x }) => x)]) t?.dispose();
  }
  run.saveFile(`samples/${id}_points.json`, `${toJson(points)}\n`);
  const svg = await figureOf(points, direction, run.paths.folder);
  run.saveFile(`samples/${id}_scatter.svg`, svg);
  return svgToPng(svg);
}

/** The figure of points with the names and units of the data of a run. */
function figureOf(points: Points, direction: "f" | "b", folder: string): Promise<string> {
  const file = readDataFile(folder);
  const names = file && endNames(file);
  const { source, target } = distinctNames(names ?? { source: "source", target: "target" });
  const way = direction === "f" ? `From ${source} to ${target}` : `From ${target} to ${source}`;
  return scatterFigure(points, {
    ...planeOptions(direction, file, { source, target }),
    title: names ? way : `Samples of the bridge ${directionNames[direction]}`,
  });
}

/** The categories among the columns; none for principal components of columns. */
function levelsOf({
  set: { from, side },
  context: { subject },
}: DrawnEvaluation): Pick<Parameters<typeof pointsOf>[0], "categories" | "leveled"> {
  const { names, categories = [], datasets } = subject;
  if (names === null || datasets.projection !== null) return {};
  return {
    categories: categoryBlocks(names, categories),
    leveled: (x, end) => subject.own(end === "start" ? from : side, x),
  };
}
