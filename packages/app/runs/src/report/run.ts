// The report of a run: one page without scripts.

import { digits } from "@dsbm/files";
import { escapeXml, type LegendEntry, type Panel } from "../figure/svg.js";
import { formatTable, type Row } from "../files/table.js";
import { type Choice, readChoiceList, readDataFile } from "../run/data-file.js";
import { readStepComparison, readTeacher } from "../run/few-steps.js";
import { readFieldsFile } from "../run/fields-file.js";
import { readGrowth } from "../run/growth-file.js";
import { type Quality, readQuality } from "../run/quality.js";
import type { RunInfo } from "../run/run-info.js";
import { courseTitle } from "./course.js";
import { dataSection } from "./data-section.js";
import { hasEvaluationImages } from "./evaluation-pictures.js";
import { fewStepsSection } from "./few-steps.js";
import { fieldsSection } from "./fields-section.js";
import { type EvaluationView, evaluationFigures } from "./figures.js";
import { growthLead, growthSection } from "./growth-section.js";
import { request, runFacts, type SampleNoun, stateOf, warningsOf } from "./lead.js";
import { metricTables } from "./metrics.js";
import { distinctNames, endNames, type Names } from "./names.js";
import { charts, command, detailsOf, Html, html, pairs, piecesOf } from "./page/html.js";
import { renderPage } from "./page/page.js";
import { verdictParts } from "./verdict.js";

/** How far a run has come: finished and planned half-iterations and steps. */
export interface TrainingCounts {
  /** The half-iteration in progress, or the last one. */
  half: number;
  /** Planned half-iterations. */
  halves: number;
  /** Finished training steps of all half-iterations. */
  steps: number;
  /** Training steps that the configuration asks for; null: a time limit decides during the training. */
  plannedSteps: number | null;
  /** Seconds from the start of the run on, without the time between its processes. */
  seconds: number;
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
  /** Finished and planned training. */
  training?: TrainingCounts;
  /** Evaluations in the order of training. */
  views: readonly EvaluationView[];
  /** Commands for the reader. */
  commands: readonly (readonly [purpose: string, command: string])[];
  /** The resolved configuration. */
  config: Readonly<Record<string, unknown>>;
}

/**
 * Returns the page of a run as HTML text.
 * @throws {RunError} for damaged files.
 */
export async function renderRun(report: RunReport): Promise<string> {
  const { folder, commands } = report;
  const data = readDataFile(folder);
  const fields = readFieldsFile(folder);
  const quality = readQuality(folder);
  const growth = readGrowth(folder);
  const names = distinctNames((data && endNames(data)) ?? report.names);
  const noun = data ? "row" : fields ? "field" : sampleNoun(report);
  const sections: ReportSection[] = [
    {
      id: "pictures",
      title: "Source, target and generated",
      short: "Samples",
      body: await evaluationFigures(folder, report.views, { names, data, quality }),
    },
    { id: "metrics", title: "Quality", short: "Metrics", body: qualitySection(quality, noun) },
    {
      id: "few-steps",
      title: "Few steps and their teacher",
      short: "Few steps",
      body: stepsSection(folder),
    },
    { id: "growth", title: "Growth", body: growth ? await growthSection(growth) : [] },
    {
      id: "data",
      title: "The data",
      body: data ? dataSection(data) : fields ? fieldsSection(fields) : [],
    },
    {
      id: "choices",
      title: "Choices and reasons",
      short: "Choices",
      body: choicesSection(readChoiceList(folder)),
    },
    { id: "training", title: "Training", body: trainingSection(report, quality) },
    {
      id: "commands",
      title: "What to do next",
      short: "Commands",
      body: commands.flatMap(([purpose, line]) => [html`<p>${purpose}</p>`, command(line)]),
    },
  ];
  return renderPage({
    title: data?.course ? courseTitle(data.course) : `From ${names.source} to ${names.target}`,
    lead: piecesOf(
      request(report, { data, names, noun }),
      stateOf(report),
      growth && growthLead(growth),
      verdictParts(
        quality,
        names,
        folder,
        report.views.map(({ direction }) => direction),
      ),
      warningsOf(folder, data),
      runFacts(report),
    ),
    sections: sections.filter(({ body }) => body.length > 0),
  });
}

/** The noun of data without columns and variables. */
const sampleNoun = ({ folder, views }: RunReport): SampleNoun =>
  views.some(({ id }) => hasEvaluationImages(folder, id)) ? "image" : "sample";

/** A section of the page; an empty one is omitted. */
interface ReportSection {
  id: string;
  title: string;
  short?: string;
  body: Html[];
}

function stepsSection(folder: string): Html[] {
  const comparison = readStepComparison(folder);
  return comparison ? fewStepsSection(comparison, readTeacher(folder)) : [];
}

const qualitySection = (quality: Quality | null, noun: SampleNoun): Html[] =>
  quality
    ? piecesOf(metricsNote(quality, noun), metricTables(quality), unmeasuredList(quality))
    : [];

function metricsNote({ n, split, sampler = {}, folds }: Quality, noun: SampleNoun): Html {
  const most = n === undefined ? "" : `at most ${digits(n)} `;
  const from = split === "train" ? "training" : "held-out";
  const options = Object.entries(sampler).map(([key, value]) => `${key}=${value}`);
  const how = options.length > 0 ? `, sampled with ${options.join(" ")}` : "";
  return html`<p>Measured with ${most}${from} ${noun}s${how}${Number(folds) > 1 && ", in each part of a cross-validation (values are means)"}. The <b>floor</b> is the score of real data. The <b>ceiling</b> is the score without a bridge. “90 % of the way” counts from the ceiling to the floor. Intervals are 95 % intervals.</p>`;
}

/** Metrics without a value by their titles; earlier versions wrote names only. */
function unmeasuredList({ left_out, unmeasured }: Quality): Html | false {
  const lines = unmeasured
    ? unmeasured.map(({ titles, reason }) => `${titles.join(", ")}: ${reason}`)
    : left_out;
  const list = html`<ul class="note">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
  const count = unmeasured?.reduce((sum, { titles }) => sum + titles.length, 0);
  const title = count === undefined ? "Not measured" : `Not measured: ${count} of the metrics`;
  return lines.length > 0 && detailsOf(title, [list]);
}

function choicesSection(choices: readonly Choice[]): Html[] {
  const shown = choices.filter(({ organising }) => !organising);
  const [own, given] = [false, true].map((isGiven) =>
    shown.filter(({ reason }) => (reason === "") === isGiven),
  );
  const setting = ({ key, value }: Choice) => html`<code>${key}=${valueText(value)}</code>`;
  return piecesOf(
    own.length > 0 && pairs(own.map((choice) => [setting(choice), choice.reason] as const)),
    given.length > 0 &&
      html`<p>You gave ${given.map((choice, i) => html`${setting(choice)}${i < given.length - 1 && ","}`)}.</p>`,
  );
}

/** A value as one writes it, with at most four digits. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(",");
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  return String(value).replace(
    /-?\d+\.\d{4,}(e[-+]?\d+)?/g,
    (number) => `${Number(Number(number).toPrecision(4))}`,
  );
}

function trainingSection({ curves, evaluations }: RunReport, quality: Quality | null): Html[] {
  const table = () =>
    html`<pre class="table" tabindex="0">${new Html(escapeXml(formatTable(evaluations)))}</pre>`;
  const isOpen = (quality?.rows ?? []).length === 0;
  return piecesOf(
    curves !== undefined &&
      curves.panels.length > 0 &&
      charts("large", curves.panels, curves.legend),
    evaluations.length > 0 && detailsOf("Evaluations during training", [table()], isOpen),
  );
}
