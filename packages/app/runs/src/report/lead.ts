// The beginning of a report: what the bridge does, how its run ended, and warnings.

import { digits, nounOf } from "@dsbm/files";
import { duration } from "../duration.js";
import type { DataFile } from "../run/data-file.js";
import { readWarnings } from "../run/warnings.js";
import { courseRequest } from "./course.js";
import type { Names } from "./names.js";
import { detailsOf, type Html, html, type Part, pairs } from "./page/html.js";
import type { RunReport, TrainingCounts } from "./run.js";

/** What the samples of a run are called. */
export type SampleNoun = "row" | "field" | "image" | "sample";

const articles = { row: "a", field: "a", image: "an", sample: "a" };

interface RequestFacts {
  data: DataFile | null;
  names: Names;
  noun: SampleNoun;
}

/** What the bridge does. */
export function request(
  { config }: Pick<RunReport, "config">,
  { data, names, noun }: RequestFacts,
): Html {
  const { fb_sequence: directions } = config;
  const isBoth = !Array.isArray(directions) || directions.length > 1;
  const what = `${articles[noun]} ${noun}`;
  const ofCourse = data && courseRequest(data, isBoth);
  if (ofCourse) return ofCourse;
  return html`<p>This bridge turns ${what} of <b>${names.source}</b> into ${what} of <b>${names.target}</b>, with as little change as possible${isBoth && ", and back"}. It is evaluated on held-out ${noun}s.</p>`;
}

/** A sentence for a run that was interrupted or failed. */
export const stateOf = ({ info: { state, reason } }: RunReport): Html | false =>
  (state === "interrupted" || state === "failed") &&
  html`<p class="verdict poor"><b>This run was ${state === "failed" ? "ended by an error" : "interrupted"}${reason && `: ${reason}`}.</b></p>`;

/** More warnings about columns are folded. */
const mostWarnings = 8;

/** Warnings of the data and of the run; many warnings about columns are folded. */
export function warningsOf(folder: string, data: DataFile | null): Html | false {
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
  const columns = detailsOf(`${ofColumns.length} warnings about columns`, [list(ofColumns)]);
  return html`<h2>Warnings</h2>${list(others)}${columns}`;
}

/** When and how the run was made. */
export function runFacts({ info, config, training }: RunReport): Html {
  const { started, ended, dsbm, environment: at, command: line } = info;
  const engine = at.libtorch ? `, libtorch ${at.libtorch}` : at.engine ? `, ${at.engine}` : "";
  const lines: [Part, Part][] = [["With", `dsbm ${dsbm}${engine}, seed ${config.seed ?? "–"}`]];
  if (at.processor) lines.push(["Machine", machineText(info, config)]);
  if (training) lines.unshift(["Training", trainingText(training)]);
  if (started) lines.unshift(["When", period(started, ended)]);
  if (line) lines.unshift(["Command", html`<code>${line}</code>`]);
  return pairs(lines);
}

/** "AMD EPYC, 2 cores, linux x64, device=cpu" */
function machineText(
  { environment: at }: RunReport["info"],
  { device }: RunReport["config"],
): string {
  const system = `${at.platform} ${at.arch}`;
  return [
    `${at.processor}`,
    at.cores === 1 ? "1 core" : `${at.cores} cores`,
    system,
    `device=${device ?? "cpu"}`,
  ].join(", ");
}

/** "2 of 4 half-iterations, 80 of 160 steps (ended early), in 30 s" */
export function trainingText({
  half,
  halves,
  steps,
  plannedSteps,
  seconds,
}: TrainingCounts): string {
  const isEarly = half < halves || steps < (plannedSteps ?? 0);
  const planned = plannedSteps === null ? "" : ` of ${digits(plannedSteps)}`;
  const counts = `${half} of ${halves} half-iterations, ${digits(steps)}${planned} ${nounOf(steps, "step")}`;
  return `${counts}${isEarly ? " (ended early)" : ""}, in ${duration(seconds)}`;
}

const minute = (time: string) => time.slice(0, 16).replace("T", " ");
const period = (started: string, ended: string | null): string =>
  `${minute(started)}${ended === null ? "" : ` to ${untilText(started, ended)}`} UTC`;

/** The end of a period, without its day if it began on this day. */
const untilText = (started: string, ended: string): string =>
  started.slice(0, 10) === ended.slice(0, 10) ? ended.slice(11, 16) : minute(ended);
