import type { BridgeDescription } from "../export/description.js";
import { short } from "../player/numbers.js";
import { escapeHtml } from "./style.js";

type Row = NonNullable<BridgeDescription["quality"]>[number];

/** The verdicts and metrics of quality.json, without single columns; "" without any. */
export function qualitySection({ quality, verdicts }: BridgeDescription): string {
  const rows = (quality ?? []).filter(({ group }) => group !== "columns");
  const judged = verdicts ?? [];
  if (rows.length + judged.length === 0) return "";
  const parts = judged.map(
    ({ title, grade, reason }) =>
      `<p class="verdict ${escapeHtml(grade)}"><b>${escapeHtml(title)}</b> ${escapeHtml(reason)}</p>`,
  );
  return `<section><h2>How good it is</h2>
${parts.join("\n")}
<details${parts.length === 0 ? " open" : ""}><summary>${rows.length} metrics</summary>
<p>The floor is what other samples of the same data give, the ceiling what no bridge at all gives.</p>
${table(rows)}</details></section>`;
}

const number = (x: number | null) => (Number.isFinite(x) ? short(x as number) : "–");

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ title, direction, value, floor, ceiling }) =>
      `<tr><th scope="row">${escapeHtml(title)}</th><td>${escapeHtml(direction ?? "")}</td><td>${number(value)}</td><td>${number(floor)}</td><td>${number(ceiling)}</td></tr>`,
  );
  return `<div class="box" role="group" aria-label="Metrics" tabindex="0"><table><thead><tr><th scope="col">metric</th><th scope="col">direction</th><th scope="col">value</th><th scope="col">floor</th><th scope="col">ceiling</th></tr></thead>
<tbody>${lines.join("\n")}</tbody></table></div>`;
}
