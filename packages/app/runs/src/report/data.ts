// The data of a run as data.json describes them: the two files, what was done to them, warnings, and the columns.
import { basename } from "node:path";
import { box, pairs } from "./page/blocks.js";
import { digits } from "./page/digits.js";
import { type Html, html, listed, type Part } from "./page/html.js";
import type { Field } from "./record.js";
import type { Names } from "./verdict.js";

/** Columns that are shown. */
const mostColumns = 24;
const sides = ["source", "target"] as const;

/** Short names of the ends: the files' names, with the group where one file has both. */
export function endNames(data: Field): Names | null {
  const [source, target] = sides.map((side) => {
    const path = data.at(side).at("path").text;
    if (path === null) return null;
    const group = data.at(side).at("group").text;
    return group === null ? basename(path) : group;
  });
  return source && target ? { source, target } : null;
}

/** The names of the columns that are trained on. */
export const columnNames = (data: Field): string[] =>
  data.at("columns").list.map((column, i) => column.at("name").text ?? `column ${i + 1}`);

/** The section; columns in the order of `worst`, those that it does not name last. */
export function dataSection(data: Field, worst: readonly string[]): Html[] {
  const columns = data.at("columns").list;
  const warnings = data.at("warnings").texts;
  return listed(
    box("Data", endsTable(data)),
    treatment(data),
    html`<h3>Warnings</h3>`,
    warnings.length > 0
      ? html`<ul class="warnings">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`
      : html`<p>None.</p>`,
    columns.length > 0 && columnTable(columns, worst),
  );
}

function endsTable(data: Field): Html {
  const line = (name: string, cell: (end: Field) => Part) => {
    const cells = sides.map((side) => cell(data.at(side)) ?? "–");
    if (cells.every((text) => text === "–")) return null;
    return html`<tr><th scope="row">${name}</th>${cells.map((text) => html`<td class="text">${text}</td>`)}</tr>`;
  };
  const count = (key: string) => (end: Field) => {
    const { number } = end.at(key);
    return number === null ? null : digits(number);
  };
  const shape = (end: Field) => {
    const lengths = end.at("shape").numbers;
    if (lengths.length === 0) return null;
    return end.at("kind").text === "pictures"
      ? `pictures of ${lengths.at(-1)} × ${lengths.at(-2)} pixels, ${lengths.length > 2 ? lengths[0] : 1} channels`
      : `${lengths.join(" × ")} numbers a row`;
  };
  const dropped = (end: Field) => (end.at("dropped").number ? count("dropped")(end) : null);
  return html`<table><thead><tr><td></td><th scope="col" class="text">Source</th><th scope="col" class="text">Target</th></tr></thead>
<tbody>${[
    line("File", (end) => end.at("path").text),
    line("Group", (end) => end.at("group").text),
    line("Format", (end) => end.at("format").text),
    line("Rows", count("rows")),
    line("Trained on", count("train")),
    line("Held out to measure", count("test")),
    line("Left out (missing values)", dropped),
    line("Content", shape),
  ]}</tbody></table>`;
}

function treatment(data: Field): Html[] {
  const transform = data.at("transform");
  const condition = data.at("condition").text;
  const scaled: Readonly<Record<string, string>> = {
    columns:
      "each column was shifted and scaled by its mean and standard deviation over both files together",
    global: "all columns were shifted and scaled by one mean and one standard deviation",
  };
  const steps = [
    transform.at("log1p").isTrue && "log(1 + x) was taken of every value",
    scaled[transform.at("standardise").text ?? ""],
  ].filter(Boolean);
  return listed(
    steps.length > 0 &&
      html`<p>Before training: ${steps.join("; ")}. Output is in the data’s own units again.</p>`,
    condition !== null &&
      html`<p>The bridge is conditional: it is given the column ${condition} of each row.</p>`,
  );
}

function columnTable(columns: readonly Field[], worst: readonly string[]): Html[] {
  const place = new Map(worst.map((name, i) => [name, i]));
  const order = (column: Field) => place.get(column.at("name").text ?? "") ?? worst.length;
  const shown = columns.toSorted((a, b) => order(a) - order(b)).slice(0, mostColumns);
  const range = (end: Field) =>
    html`<td>${digits(end.at("min").number)} – ${digits(end.at("max").number)}</td><td>${digits(end.at("median").number)}</td><td>${digits(end.at("mean").number)} ± ${digits(end.at("std").number)}</td>`;
  const line = (column: Field) => {
    const name = column.at("name").text ?? "";
    const notes = column.at("notes").texts.join("; ");
    return html`<tr><th scope="row" class="name" title="${name}">${name}</th>${sides.map((side) => range(column.at(side)))}<td class="text${notes.length > 20 && " long"}">${notes}</td></tr>`;
  };
  const heads = html`<th scope="col">Range</th><th scope="col">Median</th><th scope="col">Mean ± deviation</th>`;
  const table = html`<table><thead><tr><td></td><th scope="colgroup" colspan="3">Source</th><th scope="colgroup" colspan="3">Target</th><td></td></tr>
<tr><th scope="col">Column</th>${heads}${heads}<th scope="col" class="text">Notes</th></tr></thead>
<tbody>${shown.map(line)}</tbody></table>`;
  const left = columns.length - shown.length;
  const which =
    worst.length > 0 ? "those that the bridge gets worst come first" : "the first ones are shown";
  return listed(
    html`<h3>Columns</h3>`,
    box("Columns", table),
    left > 0 &&
      html`<p class="note">${columns.length} columns; ${which}, and ${left} are left out (data.json has all).</p>`,
  );
}

const reasonOf = (choice: Field): string => {
  const reason = choice.at("reason").text ?? "";
  return choice.at("given").isTrue && /^(it was given)?$/.test(reason)
    ? "given on the command line"
    : reason;
};

/** choices.json: what was chosen, and why. */
export function choicesList(choices: readonly Field[]): Html {
  const shown = choices.filter((choice) => !choice.at("organising").isTrue);
  return pairs(
    shown.map((choice) => [
      html`<code>${choice.at("key").text}=${choice.at("value").shown}</code>`,
      reasonOf(choice),
    ]),
  );
}
