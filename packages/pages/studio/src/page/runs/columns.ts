// The columns of the table of runs, sorting and filters, without a page.
import type { RunGrade, RunRow } from "../../shared/api.js";
import { digits, duration, metricTitle, moment } from "../lib/format.js";

/** A column of the table of runs. */
export interface Column {
  id: string;
  title: string;
  isNumber: boolean;
  text(row: RunRow): string;
  /** The sort key of a row; null comes last. */
  key(row: RunRow): string | number | null;
}

const column = (
  id: string,
  title: string,
  key: Column["key"],
  text: Column["text"] = (row) => String(key(row) || "–"),
  isNumber = false,
): Column => ({ id, title, isNumber, text, key });

/** "✓ good →" */
export const gradeTitle = ({ text, direction }: RunGrade): string =>
  `${text} ${direction === "f" ? "→" : "←"}`;

const gradesText = ({ grades }: RunRow) => grades.map(gradeTitle).join(", ");

const progress = ({ half, halves }: RunRow) =>
  halves === null ? `${half}` : `${half} / ${halves}`;

/** When runs started: the order of the table at first. */
export const startedColumn = column(
  "started",
  "Started",
  (row) => row.started,
  (row) => moment(row.started),
);

const fixedColumns: readonly Column[] = [
  column("name", "Run", ({ name }) => name),
  column("state", "State", ({ state }) => state),
  startedColumn,
  column(
    "grade",
    "Grade",
    ({ grades }) => (grades.length > 0 ? Math.max(...grades.map(({ rank }) => rank)) : null),
    (row) => gradesText(row) || "–",
  ),
  column("method", "Method", ({ method }) => method),
  column("data", "Data", ({ data }) => data),
  column("seed", "Seed", ({ seed }) => seed),
  column("half", "Half", ({ half }) => half, progress, true),
  column(
    "seconds",
    "Time",
    (row) => row.seconds,
    (row) => duration(row.seconds),
    true,
  ),
  column(
    "loss",
    "Loss",
    ({ loss }) => loss,
    ({ loss }) => digits(loss),
    true,
  ),
];
/** The metrics of the runs, the most frequent first. */
export function metricNames(rows: readonly RunRow[]): string[] {
  const counts = new Map<string, number>();
  for (const { metrics } of rows)
    for (const name of Object.keys(metrics)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}

/** The columns of the table, with these metrics. */
export const columnsWith = (metrics: readonly string[]): Column[] => [
  ...fixedColumns,
  ...metrics.map((name) =>
    column(
      name,
      metricTitle(name),
      (row) => row.metrics[name]?.value ?? null,
      (row) => {
        const metric = row.metrics[name];
        return metric ? digits(metric.value) : "–";
      },
      true,
    ),
  ),
];

/** Runs that contain every part of the filter. */
export function filterRows(rows: readonly RunRow[], words: string) {
  const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const { id, name, method, data, state, note } = row;
    const text = [id, name, method, data, state, note, gradesText(row)].join(" ").toLowerCase();
    return parts.every((word) => text.includes(word));
  });
}

/** Runs in order of a column: missing values last, equal values by time, the newest first. */
export function sortRows(rows: readonly RunRow[], by: Column, descending: boolean): RunRow[] {
  const sign = descending ? -1 : 1;
  const compare = (a: string | number | null, b: string | number | null) => {
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
  };
  return rows.toSorted(
    (a, b) =>
      compare(by.key(a), by.key(b)) ||
      (b.started ?? "").localeCompare(a.started ?? "") ||
      a.id.localeCompare(b.id),
  );
}
