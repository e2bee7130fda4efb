import { basename, dirname, relative } from "node:path";
import { methodFacts } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { gaussianName, shortName } from "@dsbm/datasets";
import {
  type MeasurementContext,
  measureQuality,
  type QualityOptions,
  type SampleSet,
  verdictCommands,
} from "@dsbm/evaluation";
import { shellWord } from "@dsbm/files";
import { checkpointId, type Position, stepsBefore, stepsOf } from "@dsbm/problem";
import {
  composeFigure,
  type EvaluationView,
  exportRefusal,
  hasEvaluationPictures,
  type LoggedMetric,
  metricTable,
  type Quality,
  type Row,
  type RunInfo,
  readChoiceList,
  readLogged,
  readRun,
  referenceOf,
  renderRun,
  runPaths,
  svgToPng,
  type TrainingCounts,
  type TrendOptions,
  type TrendPanel,
  trendPanels,
  writeQuality,
  writeRunFile,
} from "@dsbm/runs";
import { writeEvaluationPictures } from "../picture/pictures.js";

const mostPanels = 8;

function panelsOf(metrics: readonly LoggedMetric[], rows: readonly Row[]): TrendPanel[] {
  const has = (column: string) => rows.some((row) => typeof row[column] === "number");
  return metrics
    .filter(({ isMain, columns }) => isMain && has(columns.value))
    .slice(0, mostPanels)
    .map((metric) => {
      const { title, scale, columns } = metric;
      const reference = referenceOf(metric);
      const isCompared = reference !== null && has(reference.column);
      return {
        metric: columns.value,
        title: isCompared ? `${title} (dashed: ${reference.name})` : title,
        isLog: scale === "log",
        ...(isCompared && { reference: reference.column }),
      };
    });
}

/** Keeps the last evaluation of each half-iteration. */
function lastOfHalves(rows: readonly Row[], series: (row: Row) => string): Row[] {
  const last = new Map<string, Row>();
  for (const row of rows) last.set(JSON.stringify([series(row), row.half_iteration]), row);
  return [...last.values()];
}

/**
 * Writes figures/convergence, figures/loss and report.html of the run in `folder`, finished or not. Returns the path of
 * report.html.
 * @throws {RunError} if the folder holds no run, and for damaged files.
 */
export async function writeReport(folder: string): Promise<string> {
  const { paths, info, config: runConfig, results: rows, metrics: steps } = readRun(folder);
  const config = runConfig as unknown as CompleteTrainConfig;
  const logged = readLogged(folder);
  const drawn = [];
  for (const { name, title, trend } of curvesOf(logged, rows, steps)) {
    const curve = await trendPanels(trend);
    const svg = composeFigure({ ...curve, title, columns: 2 });
    writeRunFile(folder, `figures/${name}.svg`, svg);
    const png = await svgToPng(svg);
    if (png) writeRunFile(folder, `figures/${name}.png`, png);
    // One evaluation is no curve: the tables of the page have it.
    if (trend.isOverSteps || hasSeveralHalves(trend.rows)) drawn.push(curve);
  }
  const keys = new Map(drawn.flatMap(({ legend }) => legend).map((key) => [key.label, key]));
  const curves = { panels: drawn.flatMap(({ panels }) => panels), legend: [...keys.values()] };
  const { Dataset, Dataset_transfer, transfer } = config;
  const names = {
    source: shortName(Dataset),
    target: transfer ? shortName(`${Dataset_transfer}`) : gaussianName,
  };
  const page = await renderRun({
    folder,
    info,
    names,
    curves,
    config: runConfig,
    training: progressOf(folder, config, { info, rows: [...rows, ...steps] }),
    evaluations: metricTable(logged, rows),
    views: viewsOf(rows, config),
    commands: commandsOf(folder, config, info),
  });
  return writeRunFile(folder, basename(paths.report_html), page);
}

/** The training of a run so far, from its rows of evaluations and of steps. */
function progressOf(
  folder: string,
  config: CompleteTrainConfig,
  { info, rows }: { info: RunInfo; rows: readonly Record<string, unknown>[] },
): TrainingCounts {
  const { started, resumed, spent, ended } = info;
  const stepsByHalf = new Map<number, number>();
  for (const { half_iteration, step } of rows) {
    const half = Number(half_iteration);
    stepsByHalf.set(half, Math.max(stepsByHalf.get(half) ?? 0, Number(step)));
  }
  const halves = config.half_iterations;
  const from = Date.parse(resumed.at(-1) ?? started);
  const to = ended === null ? Date.now() : Date.parse(ended);
  return {
    half: Math.max(0, ...stepsByHalf.keys()),
    halves,
    steps: [...stepsByHalf.values()].reduce((sum, count) => sum + count, 0),
    plannedSteps: hasTimeLimit(folder)
      ? null
      : stepsBefore({ half: halves + 1, step: 0 }, (half) => stepsOf(half, config)),
    seconds: spent + Math.max(0, to - from) / 1000,
  };
}

/** Whether the run fits its steps to a time. */
const hasTimeLimit = (folder: string): boolean =>
  readChoiceList(folder).some(({ key, value }) => key === "max_minutes" && value !== null);

const wayOf = ({ direction }: Record<string, unknown>): string =>
  direction === "f" ? "forward (f)" : "backward (b)";

/** Whether a direction has evaluations of several half-iterations. */
const hasSeveralHalves = (rows: TrendOptions["rows"]): boolean =>
  ["f", "b"].some(
    (side) =>
      new Set(
        rows.flatMap(({ direction, half_iteration: half }) => (direction === side ? [half] : [])),
      ).size > 1,
  );

function curvesOf(
  metrics: readonly LoggedMetric[],
  rows: readonly Row[],
  steps: readonly Record<string, unknown>[],
) {
  const panels = panelsOf(metrics, rows);
  const isOne = new Set(rows.map(({ steps }) => steps)).size === 1;
  const series = (row: Record<string, unknown>) =>
    `${wayOf(row)}${isOne ? "" : `, ${row.steps} steps`}`;
  const curves: { name: string; title: string; trend: TrendOptions }[] = [];
  if (steps.length > 0)
    curves.push({
      name: "loss",
      title: "Loss",
      trend: {
        rows: steps,
        panels: [{ metric: "loss", title: "Loss", isLog: true }],
        series: wayOf,
        isOverSteps: true,
      },
    });
  if (panels.length > 0)
    curves.push({
      name: "convergence",
      title: "After each half-iteration",
      trend: { rows: lastOfHalves(rows, series), panels, series, isOverSteps: false },
    });
  return curves;
}

function viewsOf(
  rows: readonly Row[],
  config: CompleteTrainConfig,
): (EvaluationView & { at: Position })[] {
  return (["f", "b"] as const).flatMap((direction) => {
    const row = rows.findLast((r) => r.direction === direction);
    if (!row) return [];
    const at: Position = { half: Number(row.half_iteration), direction, step: Number(row.step) };
    const id = checkpointId(at, config);
    return [{ direction, at, id }];
  });
}

function commandsOf(
  folder: string,
  config: CompleteTrainConfig,
  { command, request }: RunInfo,
): [string, string][] {
  const { method, paths } = config;
  const run = shellWord(folder);
  const facts = methodFacts(method);
  const { experiments_dir_name: root } = paths;
  const isBelow = !relative(root, folder).startsWith("..");
  const commands: ([string, string] | false)[] = [
    [
      "Send new samples through the bridge, forward or backward. NEW and OUT have the format of the data:",
      `npx dsbm sample ${run} NEW OUT direction=f`,
    ],
    exportRefusal(config) === null && [
      "Play the bridge in a page of one file, without a server:",
      `npx dsbm export ${run} player.html`,
    ],
    [
      "See this run next to others, live, in a browser:",
      `npx dsbm studio ${shellWord(isBelow ? root : dirname(folder))}`,
    ],
    // Without simulation, further half-iterations train on the same pairs.
    !["never", "teacher"].includes(facts.simulation) && [
      "Continue with two more half-iterations:",
      `npx dsbm extend ${run} +2`,
    ],
    request?.command === "fit" &&
      !facts.closedForm && [
        "Train again for three times as long:",
        verdictCommands(folder, request).longer,
      ],
    ["Evaluate again, and rewrite this page:", `npx dsbm evaluate ${run}`],
    command !== null && ["Resume this run, or print its results again:", command],
  ];
  return commands.flatMap((one) => (one ? [one] : []));
}

/** `measureQuality`, and the images that a report lacks, for example after an early end. */
export function measureAndDraw(folder: string, options: QualityOptions): Promise<Quality | null> {
  const isUsual = (options.solver ?? "sde") === "sde" && (options.split ?? "test") === "test";
  return measureQuality(folder, {
    ...options,
    ...(isUsual && { sampled: (set, context) => drawMissing(folder, set, context) }),
  });
}

/** `measureAndDraw` into quality.json. Returns false if it was stopped. */
export async function measureRun(folder: string, options: QualityOptions): Promise<boolean> {
  const quality = await measureAndDraw(folder, options);
  if (quality) writeQuality(folder, quality);
  return quality !== null;
}

async function drawMissing(
  folder: string,
  set: SampleSet,
  context: MeasurementContext,
): Promise<void> {
  const { results, config } = readRun(folder);
  const { direction } = set;
  const trained = config as unknown as CompleteTrainConfig;
  const view = viewsOf(results, trained).find((one) => one.direction === direction);
  if (!view || hasEvaluationPictures(folder, view.id)) return;
  await writeEvaluationPictures(
    { at: view.at, set, context },
    {
      id: view.id,
      run: {
        paths: runPaths(folder),
        saveFile: (name, data) => writeRunFile(folder, name, data),
      },
    },
  );
}
