// The metrics of a run as a table of its page.
import { short } from "../player/numbers.js";
import { escapeHtml } from "./style.js";

interface Row {
  title: string;
  direction: string | null;
  value: number;
  floor: number | null;
  ceiling: number | null;
  group: string;
}

const isRow = (row: unknown): row is Row =>
  typeof row === "object" &&
  row !== null &&
  typeof (row as Row).title === "string" &&
  typeof (row as Row).value === "number";

/** A section with the rows of quality.json that are no columns; "" without rows. */
export function qualityTable(quality: unknown): string {
  const rows = (Array.isArray(quality) ? quality : []).filter(isRow);
  const ends = rows.filter(({ group }) => group === "ends");
  const others = rows.filter(({ group }) => group !== "ends" && group !== "columns");
  if (ends.length + others.length === 0) return "";
  const more =
    others.length > 0
      ? `<details><summary>${others.length} more metrics</summary>${table(others)}</details>`
      : "";
  return `<section><h2>How good it is</h2>
<p>The floor is what other samples of the same data give, the ceiling what no bridge at all gives.</p>
${ends.length > 0 ? table(ends) : ""}
${more}</section>`;
}

const number = (x: unknown) => (typeof x === "number" && Number.isFinite(x) ? short(x) : "–");

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ title, direction, value, floor, ceiling }) =>
      `<tr><th scope="row">${escapeHtml(title)}</th><td>${escapeHtml(direction ?? "")}</td><td>${number(value)}</td><td>${number(floor)}</td><td>${number(ceiling)}</td></tr>`,
  );
  return `<div class="box"><table><thead><tr><th scope="col">metric</th><th scope="col">direction</th><th scope="col">value</th><th scope="col">floor</th><th scope="col">ceiling</th></tr></thead>
<tbody>${lines.join("\n")}</tbody></table></div>`;
}
