// The columns of the table of runs, sorting and filters, without a page.
import type { ComparedMetric, RunGrade, RunRow } from "../../shared/api.js";
import { arrowOf, digits, duration, moment } from "../lib/format.js";

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
  `${text} ${arrowOf(direction)}`;

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
  column(
    "grade",
    "Grade",
    ({ grades }) => (grades.length > 0 ? Math.max(...grades.map(({ rank }) => rank)) : null),
    (row) => gradesText(row) || "–",
  ),
  startedColumn,
  column("method", "Method", ({ method }) => method),
  column("data", "Data", ({ data }) => data),
  column("seed", "Seed", ({ seed }) => seed),
  column("half", "Half-iteration", ({ half }) => half, progress, true),
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

/** A metric of a run in its directions. */
export const metricsOf = ({ metrics }: RunRow, title: string): ComparedMetric[] =>
  metrics.filter((metric) => metric.title === title);

/** The metrics of the runs, the most frequent first. */
export function metricTitles(rows: readonly RunRow[]): string[] {
  const counts = new Map<string, number>();
  for (const { title } of rows.flatMap(({ metrics }) => metrics))
    counts.set(title, (counts.get(title) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([title]) => title);
}

/** The columns of the table, with these metrics; the larger value of both directions is the key. */
export const columnsWith = (metrics: readonly string[]): Column[] => [
  ...fixedColumns,
  ...metrics.map((title) =>
    column(
      title,
      title,
      (row) => {
        const values = metricsOf(row, title).map(({ value }) => value);
        return values.length > 0 ? Math.max(...values) : null;
      },
      () => "–",
      true,
    ),
  ),
];

/** What tells each run from others of its name, by its path: "sigma=2"; else its last two folders. */
export function placesOf(rows: readonly RunRow[]): Map<string, string> {
  const names = [...new Set(rows.map(({ name }) => name))];
  return new Map(
    names.flatMap((name) => {
      const namesakes = rows.filter((row) => row.name === name);
      const keys = new Set(namesakes.flatMap(({ given }) => Object.keys(given)));
      const differing = [...keys].filter(
        (key) => key !== "seed" && new Set(namesakes.map(({ given }) => given[key])).size > 1,
      );
      return namesakes.map(({ id, given }): [string, string] => {
        const own = differing.filter((key) => given[key] !== undefined);
        const text = own.map((key) => `${key}=${given[key]}`).join(", ");
        return [id, text || id.split("/").slice(-2).join("/")];
      });
    }),
  );
}

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
