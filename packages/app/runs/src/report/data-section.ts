// The data of a run in its report: files, counts and their treatment before training.
import { digits, firstOf, nounOf } from "@dsbm/files";
import type { CourseRecord, DataFile, EndpointRecord } from "../run/data-file.js";
import { courseTable } from "./course.js";
import { box, type Html, html, type Part, piecesOf } from "./page/html.js";

/** The files of a run with their counts, and the treatment of their values. */
export const dataSection = (data: DataFile): Html[] =>
  piecesOf(
    data.course ? courseTable(data.course) : box("Data", endsTable(data)),
    data.course && html`<p>${filesText(data.course)}${columnsText(data)}.</p>`,
    treatment(data),
  );

const filesText = ({ datasets, name }: CourseRecord): string => {
  const files = new Set(datasets.map(({ path }) => path));
  return files.size === 1
    ? `All times are rows of ${datasets[0]?.path}, by its column ${name}; `
    : "";
};

const columnsText = (data: DataFile): string => {
  const count = columnCount(data);
  return `${count} ${nounOf(count, "column")}`;
};

/** Columns with one value in source and target. */
export const constantColumns = (data: DataFile | null): string[] =>
  (data?.columns ?? [])
    .filter(({ source, target }) => {
      const ranges = [source, target ?? source];
      return ranges.every(({ min, max }) => min === source.min && max === source.min);
    })
    .map(({ name }) => name);

function endsTable(data: DataFile): Html {
  const { source, target } = data;
  const line = (name: string, cell: (end: EndpointRecord) => Part) => {
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
    line("Columns", () => columnCount(data)),
  ];
  return html`<table><thead><tr><td></td><th scope="col" class="text">Source</th><th scope="col" class="text">Target</th></tr></thead>
<tbody>${lines}</tbody></table>`;
}

/** The columns of the file: categories are one column each. */
export const columnCount = ({ columns, categories }: DataFile): number =>
  columns.length - categories.reduce((sum, { levels }) => sum + levels.length - 1, 0);

const scalings: Readonly<Record<string, string>> = {
  columns:
    "each column was shifted and scaled by its mean and standard deviation over both files together",
  robust:
    "each column was shifted by its median, scaled by its middle half over both files together, and far values were drawn in by asinh",
  global: "all columns were shifted and scaled by one mean and one standard deviation",
};

function treatment({ transform, conditioning, categories }: DataFile): Html[] {
  const steps = [
    transform.log1p && "every value was replaced by log(1 + x)",
    scalings[transform.standardise],
  ].filter(Boolean);
  return piecesOf(
    steps.length > 0 &&
      html`<p>Before training: ${steps.join("; ")}. Output is in the units of the data.</p>`,
    categories.length > 0 &&
      html`<p>Categories: ${categories.map(({ name, levels }) => `${name} (${firstOf(levels, 8)})`).join(", ")}. Each level is a coordinate, and a category weighs like one column. A generated row has the level with the largest coordinate.</p>`,
    conditioning !== null &&
      html`<p>The bridge has a condition: the column ${conditioning.name} of each row.</p>`,
  );
}
