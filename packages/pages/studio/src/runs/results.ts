// results.csv as the page shows it: the evaluations, and of the newest of each direction every metric beside its reference.
import { columnsFile, loggedMetrics, parseCsv, referenceOf } from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import type { Cell, Measured, Reference, Results } from "../shared/api.js";

/** The metrics of the newest evaluation of each direction. */
export function newest({ columns, rows, references }: Results): Record<string, Measured> {
  const at = (row: Cell[], name: string) => row[columns.indexOf(name)] ?? null;
  const measured: Record<string, Measured> = {};
  for (const direction of ["f", "b"]) {
    const row = rows.findLast((found) => at(found, "direction") === direction);
    if (!row) continue;
    for (const { column, reference, isMain } of references) {
      if (!isMain) continue;
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
): Results {
  const table = readTable(folder, path, last);
  const beside = path.replace(/results\.csv$/, columnsFile);
  const content = folder.stat(beside)?.isFile() ? parsed(folder.text(beside)) : null;
  const references = loggedMetrics(content, table.columns)
    .filter(({ columns }) => table.columns.includes(columns.value))
    .map((one): Reference => {
      const found = referenceOf(one)?.column ?? "";
      const reference = table.columns.includes(found) ? found : null;
      return { column: one.columns.value, reference, isMain: one.isMain };
    });
  return { ...table, references };
}

/** A file of another form is as none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

type Table = Pick<Results, "columns" | "rows">;

function readTable(folder: Folder, path: string, last: number): Table {
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

function plainTable(header: string, lines: readonly string[]): Table {
  const columns = header.split(",");
  const cell = (text: string): Cell =>
    text === "" ? null : bareNumber.test(text) ? Number(text) : text;
  const rows = lines.map((line) => line.trimEnd().split(",").map(cell));
  return { columns, rows: rows.filter((row) => row.length === columns.length) };
}
