// Results as tables: one for each metric, with methods, references and published figures. Documents
// and figures are made from them.
import type { Benchmark, Metric, Published, Values } from "./benchmark.js";
import type { Finished, Outcome } from "./engine.js";

/** What every run has, behind the metrics of its benchmark. */
const costs: readonly Metric[] = [
  { name: "seconds", title: "seconds of training", digits: 1 },
  {
    name: "evaluations",
    title: "evaluations of networks in training, millions of rows",
    times: 1e-6,
    digits: 1,
  },
];

/** A number of a table, in the unit of its metric. */
export interface Entry {
  value: number;
  /** Standard deviation over the seeds; null for one. */
  spread: number | null;
  /** What it is the mean of; empty for a reference or a published figure. */
  runs: readonly Finished[];
  /** The published row of the same method, if its number is below this one. */
  publishedBelow?: Published | undefined;
}

export interface Line {
  label: string;
  kind: "method" | "reference" | "published";
  entries: readonly (Entry | null)[];
}

export interface Table {
  metric: Metric;
  columns: readonly string[];
  lines: readonly Line[];
}

type Columns = Readonly<Record<string, readonly string[]>>;

const columnsOf = ({ columns, cases }: Benchmark): Columns => {
  const there = new Set(cases.map(({ name }) => name));
  const all: Columns = columns ?? Object.fromEntries(cases.map(({ name }) => [name, [name]]));
  return Object.fromEntries(Object.entries(all).filter(([, of]) => of.every((c) => there.has(c))));
};

export const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;

function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (values.length - 1));
}

/** The mean over the cases of a column; null if one is missing. */
function meanOver(
  cases: readonly string[],
  numberOf: (name: string) => number | null,
): number | null {
  const found = cases.map(numberOf);
  return found.some((value) => value === null) ? null : mean(found as number[]);
}

/** A number of a metric as text. */
export const formatValue = (value: number, { digits }: Metric) => value.toFixed(digits);

/** The tables of an outcome that have a number, in the order of the metrics. */
export function tablesOf(outcome: Outcome): Table[] {
  return [...outcome.benchmark.metrics, ...costs].flatMap((metric) => {
    const table = tableOf(outcome, metric);
    return table ? [table] : [];
  });
}

/** How the numbers of a table are read: its metric, its columns with their cases, and a number of some values. */
interface Reading {
  metric: Metric;
  columns: readonly (readonly [string, readonly string[]])[];
  numberOf(values: Values | undefined): number | null;
}

/** A line of each method: means and deviations over the seeds. */
function methodLines(
  { benchmark, results }: Outcome,
  { metric, columns, numberOf }: Reading,
): Line[] {
  return benchmark.methods.map(({ name: method }): Line => {
    const rivals = benchmark.published.filter(
      (row) => row.metric === metric.name && row.of === method,
    );
    const entries = columns.map(([column, cases]): Entry | null => {
      const bySeed = benchmark.seeds.flatMap((seed) => {
        const runs = results.filter(
          (run) => run.method === method && run.seed === seed && cases.includes(run.case),
        );
        const value = meanOver(cases, (name) =>
          numberOf(runs.find((run) => run.case === name)?.values),
        );
        return value === null ? [] : [{ value, runs }];
      });
      if (bySeed.length === 0) return null;
      const values = bySeed.map((one) => one.value);
      const value = mean(values);
      const publishedBelow = rivals.find((row) => value > (row.values[column] ?? Number.NaN));
      return {
        ...{ value, publishedBelow, runs: bySeed.flatMap(({ runs }) => runs) },
        spread: values.length > 1 ? deviation(values) : null,
      };
    });
    return { label: method, kind: "method", entries };
  });
}

function tableOf(outcome: Outcome, metric: Metric): Table | null {
  const { benchmark, results, references } = outcome;
  const columns = Object.entries(columnsOf(benchmark));
  const { times = 1 } = metric;
  const numberOf = (values: Values | undefined) => {
    const value = values?.[metric.name] ?? null;
    return value === null ? null : value * times;
  };
  const methods = methodLines(outcome, { metric, columns, numberOf });
  const plain = (value: number | null): Entry | null =>
    value === null ? null : { value, spread: null, runs: [] };
  const known = (label: string, numbers: (name: string) => number | null): Line => ({
    ...{ label, kind: "reference" },
    entries: columns.map(([, cases]) => plain(meanOver(cases, numbers))),
  });
  const beside = [
    ...[...new Set(references.map(({ label }) => label))].map((label) =>
      known(label, (name) =>
        numberOf(references.find((r) => r.case === name && r.label === label)?.values),
      ),
    ),
    ...Object.entries(metric.beside ?? {}).map(([label, value]) =>
      known(label, (name) => {
        const found = results.flatMap((run) => (run.case === name && run.values[value]) || []);
        return found.length > 0 ? mean(found) * times : null;
      }),
    ),
  ];
  const published = benchmark.published
    .filter((row) => row.metric === metric.name)
    .map(
      ({ label, values }): Line => ({
        ...{ label, kind: "published" },
        entries: columns.map(([column]) => plain(values[column] ?? null)),
      }),
    );
  const there = ({ entries }: Line) => entries.some((entry) => entry !== null);
  const own = [...methods, ...beside].filter(there);
  if (own.length === 0) return null;
  const lines = [...own, ...published.filter(there)];
  // Columns that have no number of ours are of other metrics.
  const used = columns.map((_, i) => own.some(({ entries }) => entries[i] !== null));
  const cut = <T>(of: readonly T[]) => of.filter((_, i) => used[i]);
  return {
    metric,
    columns: cut(columns.map(([name]) => name)),
    lines: lines.map((line) => ({ ...line, entries: cut(line.entries) })).filter(there),
  };
}
