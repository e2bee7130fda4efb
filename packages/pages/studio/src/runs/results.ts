// results.csv as the page shows it: the evaluations, and of the newest of each direction every metric beside its reference.
import { parseCsv } from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import type { Cell, Measured } from "../shared/api.js";
import { metricsOf } from "../shared/metrics.js";

/** The metrics of the newest evaluation of each direction. */
export function newest(columns: string[], rows: readonly Cell[][]): Record<string, Measured> {
  const at = (row: Cell[], name: string) => row[columns.indexOf(name)] ?? null;
  const measured: Record<string, Measured> = {};
  for (const direction of ["f", "b"]) {
    const row = rows.findLast((found) => at(found, "direction") === direction);
    if (!row) continue;
    for (const [column, reference] of metricsOf(columns)) {
      const value = at(row, column);
      const beside = reference === null ? null : at(row, reference);
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      measured[`${column} ${direction}`] = {
        value,
        reference: typeof beside === "number" && Number.isFinite(beside) ? beside : null,
      };
    }
  }
  return measured;
}

const most = 4 << 20;

/** The evaluations of a run, of a long file those at its end; with `last` no more than about so many. Throws RunError. */
export function readResults(
  folder: Folder,
  path: string,
  { last = Number.POSITIVE_INFINITY } = {},
): { columns: string[]; rows: Cell[][] } {
  const limit = last < most ? 64 << 10 : most;
  const head = folder.bytes(path, { limit }).toString("utf8");
  const first = head.slice(0, head.indexOf("\n") + 1);
  const end =
    Buffer.byteLength(head) < limit
      ? head.slice(first.length)
      : folder.bytes(path, { from: -limit, limit }).toString("utf8").replace(/^.*\n/, "");
  if (first === "") return { columns: [], rows: [] };
  // A last record without its line end is being written.
  const lines = end.split("\n").slice(0, -1);
  if (!first.includes('"') && !end.includes('"'))
    return plainTable(first.trimEnd(), lines.slice(-last));
  const table = parseCsv(`${first}${lines.join("\n")}\n`, path);
  return {
    columns: table.columns,
    rows: table.rows.map((row) => table.columns.map((column) => row[column] ?? null)),
  };
}

const bareNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function plainTable(
  header: string,
  lines: readonly string[],
): { columns: string[]; rows: Cell[][] } {
  const columns = header.split(",");
  const cell = (text: string): Cell =>
    text === "" ? null : bareNumber.test(text) ? Number(text) : text;
  const rows = lines.map((line) => line.trimEnd().split(",").map(cell));
  return { columns, rows: rows.filter((row) => row.length === columns.length) };
}
