// The report of a run: what was asked, how good the result is, figures, the data, the choices, training and the commands
// that come next. All of it is read from the run folder; parts whose files are not there are left out.
import { join } from "node:path";
import type { LegendEntry, Panel } from "../figure/panel.js";
import type { Row } from "../files/csv.js";
import { damagedFiles } from "../run/hashes.js";
import type { RunInfo } from "../run/info.js";
import { type Quality, readQuality } from "../run/quality.js";
import { choicesList, columnNames, dataSection, endNames } from "./data.js";
import { metricTables } from "./metrics.js";
import {
  charts,
  command,
  folded,
  type Picture,
  pairs,
  pictures,
  rowsTables,
} from "./page/blocks.js";
import { digits } from "./page/digits.js";
import { type Html, html, listed, type Part } from "./page/html.js";
import { renderPage } from "./page/page.js";
import { partOf } from "./parts.js";
import { correlationPanels, histogramPanel } from "./points/columns.js";
import { colors, planePanels } from "./points/plane.js";
import { type Points, readPoints, type Units, unitsOf } from "./points/points.js";
import { worstColumns } from "./quality.js";
import { readField, spaced } from "./record.js";
import { type Names, verdicts } from "./verdict.js";

/** An evaluation that is shown in figures. */
export interface View {
  direction: "f" | "b";
  /** Its heading (default: the direction and the ends). */
  title?: string;
  /** The beginning of its files' names below samples/. */
  id: string;
  pictures: readonly Picture[];
}

export interface RunReport {
  /** The folder of the run: data.json, choices.json, quality.json and samples/ are read there. */
  folder: string;
  /** Where data.json is (default: in the folder). */
  data?: string;
  info: RunInfo;
  /** The heading (default: the ends of data.json). */
  title: string;
  summary?: string;
  names: Names;
  /** Evaluations as they are to be shown, with what their columns mean. */
  evaluations: readonly Row[];
  meanings: Readonly<Record<string, string>>;
  curves?: { panels: readonly Panel[]; legend: readonly LegendEntry[] };
  views: readonly View[];
  /** What to do next: for what, and the command. */
  commands: readonly (readonly [purpose: string, command: string])[];
  config: Readonly<Record<string, unknown>>;
}

/** The page as HTML text. Throws RunError for files that are damaged. */
export async function renderRun(report: RunReport): Promise<string> {
  const { folder, data: dataFolder = folder, curves, views, commands } = report;
  const data = readField(join(dataFolder, "data.json"));
  const quality = readQuality(folder);
  const rows = quality?.rows ?? [];
  const names = endNames(data) ?? report.names;
  const units = unitsOf(data, columnNames(data));
  const choices = readField(join(folder, "choices.json")).list;
  const section = (
    id: string,
    title: string,
    short: string,
    ...pieces: Parameters<typeof listed>
  ) => ({
    ...{ id, title, short },
    body: listed(...pieces),
  });
  const shown = await Promise.all(views.map((view) => viewOf(view, { folder, names, units })));
  const measured = quality && rows.length > 0 ? quality : null;
  const sections = [
    section("pictures", "Source, target and generated", "Pictures", ...shown),
    section(
      "metrics",
      "How good it is",
      "Metrics",
      ...(measured ? [metricsNote(measured), metricTables(rows), leftOut(measured)] : []),
    ),
    section("data", "The data", "The data", data.isThere && dataSection(data, worstColumns(rows))),
    section(
      "choices",
      "The choices, and why",
      "Choices",
      choices.length > 0 && choicesList(choices),
    ),
    section(
      "training",
      "Training",
      "Training",
      !!curves?.panels.length && charts("large", curves.panels, curves.legend),
      report.evaluations.length > 0 &&
        folded("Evaluations on the way", evaluationTables(report), rows.length === 0),
    ),
    section(
      "commands",
      "What to do next",
      "Commands",
      commands.flatMap(([purpose, line]) => [html`<p>${purpose}</p>`, command(line)]),
    ),
    section("configuration", "Configuration", "Configuration", configuration(report.config)),
  ].filter(({ body }) => body.length > 0);
  const what = data.at("source").at("kind").text === "pictures" ? "pictures" : "rows";
  return renderPage({
    title: endNames(data) ? `From ${names.source} to ${names.target}` : report.title,
    lead: [...partOf(folder), ...asked(report), ...verdicts(rows, names, what)],
    sections,
  });
}

function asked({ info, summary, config }: RunReport): Html[] {
  const { started, ended, reason, state, dsbm, environment, command: line } = info;
  const facts: [Part, Part][] = [
    ...(line ? [["Asked", html`<code>${line}</code>`] as [Part, Part]] : []),
    ...(started ? [["When", when(started, ended)] as [Part, Part]] : []),
    [
      "With",
      `dsbm ${dsbm}${environment.libtorch ? `, libtorch ${environment.libtorch}` : ""}, seed ${config.seed ?? "–"}`,
    ],
  ];
  return listed(
    summary !== undefined && html`<p>${summary}</p>`,
    (state === "interrupted" || state === "failed") &&
      html`<p class="verdict poor"><b>This run was ${state === "failed" ? "ended by an error" : "interrupted"}${reason && `: ${reason}`}.</b></p>`,
    pairs(facts),
  );
}

/** 2026-11-26 04:10 to 04:19 UTC. */
function when(started: string, ended: string | null): string {
  const minute = (time: string) => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
  if (ended === null) return minute(started);
  const seconds = (Date.parse(ended) - Date.parse(started)) / 1000;
  if (!(seconds >= 0)) return minute(started);
  const [from, to] = [minute(started), minute(ended)];
  const isSameDay = from.slice(0, 10) === to.slice(0, 10);
  return `${from.replace(" UTC", "")} to ${isSameDay ? to.slice(11) : to}`;
}

const metricsNote = ({ n, split, sampler = {} }: Quality) =>
  html`<p>Measured with ${n === undefined ? "" : `at most ${digits(n)} `}rows that were ${split === "train" ? "trained on" : "held out of training"}${Object.entries(sampler).map(([key, value], i) => `${i === 0 ? ", sampled with " : " "}${key}=${value}`)}. The <b>floor</b> is the best that can be expected, such as what other data of the same kind give; the <b>ceiling</b> is what no bridge at all gives, and “90 % of the way” is counted from the ceiling to the floor. Intervals are 95 % intervals.</p>`;

const leftOut = ({ left_out }: Quality): Html | false =>
  left_out.length > 0 &&
  html`<p class="note">Not measured:</p><ul class="note">${left_out.map((line) => html`<li>${line}</li>`)}</ul>`;

function evaluationTables({ evaluations, meanings }: RunReport): Html[] {
  const { tables, terms } = rowsTables("Evaluations", evaluations, meanings);
  return listed(tables, terms);
}

async function viewOf(
  { direction, id, title, pictures: files }: View,
  { folder, names, units }: { folder: string; names: Names; units: Units },
): Promise<Html[]> {
  const file = `samples/${id}_points.json`;
  const points = damagedFiles(folder, [file]).length > 0 ? null : readPoints(join(folder, file));
  if (!points && files.length === 0) return [];
  const [from, to] =
    direction === "f" ? [names.source, names.target] : [names.target, names.source];
  const way = direction === "f" ? "Forward" : "Backward";
  const drawn = points ? await pointFigures(points, { direction, names, units }) : [];
  // The scatter plot of the folder shows the same points.
  const rest = points ? files.filter(({ path }) => !path.endsWith("_scatter.svg")) : files;
  return listed(
    html`<h3>${title ?? `${way}: from ${from} to ${to}`}</h3>`,
    drawn,
    rest.length > 0 && pictures(rest),
  );
}

async function pointFigures(
  { n, dim, plane, histograms, correlations }: Points,
  { direction, names, units }: { direction: "f" | "b"; names: Names; units: Units },
): Promise<Html[]> {
  const wanted = direction === "f" ? "target" : "source";
  const legend = (["source", "target", "generated"] as const).map((kind) => ({
    ...{ color: colors[kind], symbol: "dot" as const },
    label: kind === "generated" ? kind : `${kind}: ${names[kind]}`,
  }));
  const bars = await Promise.all(histograms.map((one) => histogramPanel(one, units)));
  const matrices = correlations ? await correlationPanels(correlations, units) : [];
  return listed(
    charts("medium", await planePanels(plane, { direction, names, units }), legend),
    bars.length > 0 && [
      html`<p class="note">Generated rows (bars) should have the shape of the ${wanted} (outline). ${dim > bars.length && `The ${bars.length} worst of ${dim} columns, the worst first. `}The first and the last bar also hold what lies beyond.</p>`,
      ...charts("small", bars),
    ],
    correlations && [
      html`<p class="note">Correlations of columns, from −1 (red) over 0 to 1 (blue): the generated matrix should look like that of the ${wanted}. ${n} rows.</p>`,
      ...charts(correlations.columns.length > 10 ? "large" : "medium", matrices),
    ],
  );
}

function configuration(config: Readonly<Record<string, unknown>>): Html {
  const entries = Object.entries(config).map(([key, value]): [Part, Part] => [
    html`<code>${key}</code>`,
    typeof value === "string" ? value : spaced(value),
  ]);
  return folded("All keys as they were resolved", [pairs(entries)]);
}
