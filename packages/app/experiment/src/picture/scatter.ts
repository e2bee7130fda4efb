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
import { type BridgedVectors, placeIn, pointsOf } from "./points.js";

const mostPaths = 400;

/** Data of the intermediate times, and the states [T, n, d] of paths at these times. */
function intermediateRows(
  { subject, options }: DrawnEvaluation["context"],
  { states, times }: BridgedVectors["path"],
) {
  const { datasets, trained } = subject;
  const scale = timeScale(trained.config) ?? { from: 0, length: 1 };
  return datasets.between.map((one, i) => {
    const time = datasets.chain?.times[i + 1] as number;
    const at = times.findIndex((t) => Math.abs(t - time) < 1e-9);
    return {
      name: trained.config.data.split_by === null ? shortName(one.name) : "",
      time: scale.from + scale.length * time,
      data: testRows(one, mostPaths, options.seed, options.split).to({ device: "cpu" }),
      generated: states.select(0, at),
    };
  });
}

/** Writes the points and the plot. Returns the plot as PNG, or null without PNG. */
export async function writeScatter(
  evaluation: DrawnEvaluation,
  { id, run }: EvaluationFiles,
): Promise<Buffer | null> {
  const { sourceRows, generatedRows, targetRows, direction } = evaluation.set;
  const { subject, options } = evaluation.context;
  const { seed, split } = options;
  const { datasets } = subject;
  const { states, times, masses } = await pathsOf(evaluation, mostPaths);
  const { points, axes } = tidy(() => {
    const [source, target] =
      direction === "f" ? [sourceRows, targetRows] : [targetRows, sourceRows];
    const isPlain = source.size(1) <= 2 || datasets.exact !== null;
    const passed = intermediateRows(evaluation.context, { states, times });
    const all = [source, ...passed.map((one) => one.data), target];
    const axes = isPlain ? null : principalComponents(cat(all), { k: 2, use: "figure" });
    const between = direction === "f" ? passed : passed.toReversed();
    const path = { states, times };
    axes?.basis.keep();
    const conditions = conditionGroups(evaluation.set, evaluation.context);
    const areColumns = subject.names !== null && datasets.projection === null;
    const rows = { direction, sourceRows, generatedRows, targetRows };
    const vectors = { ...rows, path, between, axes, areColumns, conditions };
    return { axes, points: pointsOf({ ...vectors, ...levelsOf(evaluation) }) };
  });
  const dated = marginalsOf(datasets).map((one, i) => ({
    x: keepOnProcessor(() => testRows(one, mostPaths, seed, split)),
    time: datasets.chain?.times[i] ?? i,
    conditions: (n: number) => testConditions({ x0: one, x1: one }, "x0", n, split),
  }));
  const [first, last] = [0, -1].map((k) => states.select(0, k));
  try {
    const course = await courseOf({
      direction,
      bridge: subject.bridge,
      datasets,
      seed,
      dated,
      times,
      masses,
      start: first,
      end: last,
      place: placeIn({ direction, sourceRows, targetRows, axes }),
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
  set: { source, target },
  context: { subject },
}: DrawnEvaluation): Pick<Parameters<typeof pointsOf>[0], "categories" | "leveled"> {
  const { names, categories = [], datasets } = subject;
  if (names === null || datasets.projection !== null) return {};
  return {
    categories: categoryBlocks(names, categories),
    leveled: (x, end) => subject.own(end === "start" ? source : target, x),
  };
}
