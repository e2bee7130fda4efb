// The fields of a run in its report: files, variables, grid and times.
import { digits } from "@dsbm/files";
import type { FieldsFile } from "../run/fields-file.js";
import { box, type Html, html, type Part, piecesOf } from "./page/html.js";

type FieldsEnd = FieldsFile["source"];

/** The files of a run of fields, and the treatment of their values. */
export const fieldsSection = (fields: FieldsFile): Html[] =>
  piecesOf(box("Data", endsTable(fields)), treatment(fields));

const nameWithUnits = ({ name, units }: { name: string; units: string | null }): string =>
  units === null ? name : `${name} (${units})`;

function endsTable({ source, target, channels }: FieldsFile): Html {
  const line = (name: string, cell: (end: FieldsEnd, side: "source" | "target") => Part) => {
    const cells = [cell(source, "source"), target && cell(target, "target")];
    if (cells.every((part) => !part)) return null;
    return html`<tr><th scope="row">${name}</th>${cells.map((part) => html`<td class="text">${part || "–"}</td>`)}</tr>`;
  };
  const variables = (side: "source" | "target") =>
    channels.map((channel) => nameWithUnits(channel[side])).join(", ");
  const lines = [
    line("File", ({ path }) => path),
    line("Format", ({ format }) => format),
    line("Variables", (_, side) => variables(side)),
    line("Units", ({ converted }) => converted.join("; ")),
    line("Cells", ({ cells }) => cells),
    line("Times", ({ times }) => times),
    line("Fields", ({ fields }) => digits(fields)),
    line("Trained on", ({ train }) => digits(train)),
    line("Held out for evaluation", ({ test }) => digits(test)),
    line("Dropped (missing values)", ({ dropped }) => dropped && digits(dropped)),
  ];
  return html`<table><thead><tr><td></td><th scope="col" class="text">Source</th><th scope="col" class="text">Target</th></tr></thead>
<tbody>${lines}</tbody></table>`;
}

function treatment({ transform: { log1p, sqrt, standardise }, warnings }: FieldsFile): Html[] {
  const replaced = log1p ? "log(1 + x)" : sqrt ? "√x" : null;
  const steps = [
    replaced && `every value was replaced by ${replaced}`,
    standardise === "columns" &&
      "each variable was shifted and scaled by its mean and standard deviation over both files together",
    standardise === "global" &&
      "all variables were scaled by one standard deviation, each shifted by its mean",
  ].filter(Boolean);
  return piecesOf(
    steps.length > 0 &&
      html`<p>Before training: ${steps.join("; ")}. Output is in the units of the data.</p>`,
    ...warnings.map((warning) => html`<p>${warning}.</p>`),
  );
}
