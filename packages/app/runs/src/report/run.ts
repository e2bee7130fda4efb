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
import { escapeXml, type LegendEntry, type Panel } from "../figure/svg.js";
import { formatTable, type Row } from "../files/table.js";
import {
  type Choice,
  type DataFile,
  type EndpointData,
  readChoiceList,
  readDataFile,
} from "../run/data-file.js";
import { type Quality, readQuality } from "../run/quality.js";
import type { RunInfo } from "../run/run-info.js";
import { readWarnings } from "../run/warnings.js";
import { metricTables } from "./metrics.js";
import { distinctNames, endNames, type Names } from "./names.js";
import {
  box,
  charts,
  command,
  folded,
  Html,
  html,
  listed,
  type Part,
  type Picture,
  pairs,
  pictures,
} from "./page/html.js";
import { digits } from "./page/numbers.js";
import { renderPage } from "./page/page.js";
import { verdictParts } from "./verdict.js";

/** An evaluation shown in figures. */
export interface View {
  /** The evaluated direction. */
  direction: "f" | "b";
  /** The prefix of its files below samples/. */
  id: string;
  /** Figures with their captions. */
  pictures: readonly Picture[];
}

/** The contents of a report. */
export interface RunReport {
  /** The run folder: data.json, choices.json, quality.json and samples/ are read there. */
  folder: string;
  /** State, times and version of the run. */
  info: RunInfo;
  /** Names of source and target (default: the names of data.json). */
  names: Names;
  /** Rows of results.csv. */
  evaluations: readonly Row[];
  /** Panels of loss and metrics over training. */
  curves?: { panels: readonly Panel[]; legend: readonly LegendEntry[] };
  /** Evaluations in the order of training. */
  views: readonly View[];
  /** Commands for the reader. */
  commands: readonly (readonly [purpose: string, command: string])[];
  /** The resolved configuration. */
  config: Readonly<Record<string, unknown>>;
}

/** Returns HTML text. Throws RunError for damaged files. */
export async function renderRun(report: RunReport): Promise<string> {
  const { folder, curves, views, evaluations } = report;
  const data = readDataFile(folder);
  const quality = readQuality(folder);
  const rows = quality?.rows ?? [];
  const names = distinctNames((data && endNames(data)) ?? report.names);
  const units = data ? unitsOf(data) : plainUnits;
  // quality.json has the worst column of a direction first.
  const rankIn = (direction: "f" | "b") => {
    const worst = rows.filter((row) => row.column !== undefined && row.direction === direction);
    return (column: number) => {
      const place = worst.findIndex((row) => row.column === data?.columns[column]?.name);
      return place < 0 ? worst.length : place;
    };
  };
  const choices = readChoiceList(folder);
  const sections = [
    {
      id: "pictures",
      title: "Source, target and generated",
      short: "Samples",
      body: await Promise.all(
        views.map((view) => {
          const { direction } = view;
          return viewOf(folder, view, { direction, names, units, rank: rankIn(direction) });
        }),
      ),
    },
    {
      id: "metrics",
      title: "Quality",
      short: "Metrics",
      body: quality ? [metricsNote(quality), metricTables(quality), leftOut(quality)] : [],
    },
    { id: "data", title: "The data", body: [data && dataSection(data)] },
    {
      id: "choices",
      title: "Choices and reasons",
      short: "Choices",
      body: [choices.length > 0 && choicesList(choices)],
    },
    {
      id: "training",
      title: "Training",
      body: [
        curves !== undefined &&
          curves.panels.length > 0 &&
          charts("large", curves.panels, curves.legend),
        evaluations.length > 0 &&
          folded(
            "Evaluations during training",
            [
              html`<pre class="table" tabindex="0">${new Html(escapeXml(formatTable(evaluations)))}</pre>`,
            ],
            rows.length === 0,
          ),
      ],
    },
    {
      id: "commands",
      title: "What to do next",
      short: "Commands",
      body: report.commands.map(([purpose, line]) => [html`<p>${purpose}</p>`, command(line)]),
    },
  ].map((section) => ({ ...section, body: listed(...section.body) }));
  return renderPage({
    title: `From ${names.source} to ${names.target}`,
    lead: listed(
      request(report, data, names),
      stateOf(report),
      verdictParts(quality, names, folder),
      warningsOf(folder, data),
      facts(report),
    ),
    sections: sections.filter(({ body }) => body.length > 0),
  });
}

function request({ config }: RunReport, data: DataFile | null, names: Names): Html {
  const { fb_sequence: directions } = config;
  const isBoth = !Array.isArray(directions) || directions.length > 1;
  const what = data ? "row" : "sample";
  return html`<p>This bridge turns a ${what} of <b>${names.source}</b> into a ${what} of <b>${names.target}</b>, with as little change as possible${isBoth && ", and back"}. It is evaluated on held-out ${what}s.</p>`;
}

const stateOf = ({ info: { state, reason } }: RunReport): Html | false =>
  (state === "interrupted" || state === "failed") &&
  html`<p class="verdict poor"><b>This run was ${state === "failed" ? "ended by an error" : "interrupted"}${reason && `: ${reason}`}.</b></p>`;

/** More warnings about columns are folded. */
const mostWarnings = 8;

function warningsOf(folder: string, data: DataFile | null): Html | false {
  const ofColumns = (data?.columns ?? []).flatMap(({ name, notes }) =>
    notes.map((note) => `column ${name}: ${note}`),
  );
  const ofData = (data?.warnings ?? []).filter((line) => !ofColumns.includes(line));
  const others = [...new Set([...ofData, ...readWarnings(folder).map(({ text }) => text)])];
  const list = (lines: readonly string[]) =>
    html`<ul class="warnings">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
  if (ofColumns.length <= mostWarnings) {
    const lines = [...others, ...ofColumns];
    return lines.length > 0 && html`<h2>Warnings</h2>${list(lines)}`;
  }
  const columns = folded(`${ofColumns.length} warnings about columns`, [list(ofColumns)]);
  return html`<h2>Warnings</h2>${list(others)}${columns}`;
}

function facts({ info, config }: RunReport): Html {
  const { started, ended, dsbm, environment: at, command: line } = info;
  const engine = at.libtorch ? `, libtorch ${at.libtorch}` : at.engine ? `, ${at.engine}` : "";
  const lines: [Part, Part][] = [["With", `dsbm ${dsbm}${engine}, seed ${config.seed ?? "–"}`]];
  if (started) lines.unshift(["When", when(started, ended)]);
  if (line) lines.unshift(["Command", html`<code>${line}</code>`]);
  return pairs(lines);
}

const minute = (time: string) => time.slice(0, 16).replace("T", " ");
const when = (started: string, ended: string | null): string =>
  `${minute(started)}${ended === null ? "" : ` to ${minute(ended)}`} UTC`;

function metricsNote({ n, split, sampler = {}, folds }: Quality): Html {
  const most = n === undefined ? "" : `at most ${digits(n)} `;
  const from = split === "train" ? "training" : "held-out";
  const options = Object.entries(sampler).map(([key, value]) => `${key}=${value}`);
  const how = options.length > 0 ? `, sampled with ${options.join(" ")}` : "";
  return html`<p>Measured with ${most}${from} rows${how}${Number(folds) > 1 && ", in each part of a cross-validation (values are means)"}. The <b>floor</b> is the score of real data. The <b>ceiling</b> is the score without a bridge. “90 % of the way” counts from the ceiling to the floor. Intervals are 95 % intervals.</p>`;
}

const leftOut = ({ left_out }: Quality): Html | false =>
  left_out.length > 0 &&
  html`<p class="note">Not measured:</p><ul class="note">${left_out.map((line) => html`<li>${line}</li>`)}</ul>`;

const dataSection = (data: DataFile): Html[] =>
  listed(box("Data", endsTable(data)), treatment(data));

function endsTable({ source, target, columns }: DataFile): Html {
  const line = (name: string, cell: (end: EndpointData) => Part) => {
    const cells = [cell(source), target && cell(target)];
    if (cells.every((part) => !part)) return null;
    return html`<tr><th scope="row">${name}</th>${cells.map((part) => html`<td class="text">${part || "–"}</td>`)}</tr>`;
  };
  const count = (value: number | null) => value && digits(value);
  const lines = [
    line("File", ({ path }) => path),
    line("Group", ({ group }) => group),
    line("Rows", ({ rows }) => count(rows)),
    line("Trained on", ({ train }) => count(train)),
    line("Held out for evaluation", ({ test }) => count(test)),
    line("Dropped (missing values)", ({ dropped }) => count(dropped)),
    line("Columns", () => columns.length),
  ];
  return html`<table><thead><tr><td></td><th scope="col" class="text">Source</th><th scope="col" class="text">Target</th></tr></thead>
<tbody>${lines}</tbody></table>`;
}

const scalings: Readonly<Record<string, string>> = {
  columns:
    "each column was shifted and scaled by its mean and standard deviation over both files together",
  global: "all columns were shifted and scaled by one mean and one standard deviation",
};

function treatment({ transform, conditioning }: DataFile): Html[] {
  const steps = [
    transform.log1p && "every value was replaced by log(1 + x)",
    scalings[transform.standardise],
  ].filter(Boolean);
  return listed(
    steps.length > 0 &&
      html`<p>Before training: ${steps.join("; ")}. Output is in the units of the data.</p>`,
    conditioning !== null &&
      html`<p>The bridge has a condition: the column ${conditioning.name} of each row.</p>`,
  );
}

function choicesList(choices: readonly Choice[]): Html {
  const lines = choices
    .filter(({ organising }) => !organising)
    .map(({ key, value, reason, given }) => {
      const isTyped = given && /^(it was given)?$/.test(reason);
      return [
        html`<code>${key}=${typeof value === "string" ? value : JSON.stringify(value)}</code>`,
        isTyped ? "given on the command line" : reason,
      ] as const;
    });
  return pairs(lines);
}

type FigureOptions = PlaneOptions & {
  rank: (column: number) => number;
};

async function viewOf(
  folder: string,
  { direction, id, pictures: files }: View,
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
  return listed(
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
  return listed(
    charts("medium", await planePanels(plane, options), planeLegend(options)),
    course !== undefined && charts("medium", await coursePanels(course, plane, options)),
    bars.length > 0 && [
      html`<p class="note">Generated rows (bars) should have the shape of the ${reference} (outline). ${some} worst come first. The first and the last bar also hold what lies beyond.</p>`,
      ...charts("small", bars),
    ],
  );
}

function unitsOf({ columns, transform }: DataFile): AxisUnits {
  const { mean, std, log1p } = transform;
  const of = (numbers: readonly number[], column: number) =>
    numbers.length === 1 ? numbers[0] : numbers[column];
  return {
    name(column) {
      const name = columns[column]?.name ?? plainUnits.name(column);
      return log1p ? `log(1 + ${name})` : name;
    },
    value: (column, x) => x * (of(std, column) ?? 1) + (of(mean, column) ?? 0),
  };
}
