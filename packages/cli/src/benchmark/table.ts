// Results as tables: of each metric one, methods beside references and published figures; and as CSV, a line a number.
import { type Cell, formatCsv, type Row } from "@dsbm/runs";
import type { Benchmark, Metric, Values } from "./benchmark.js";
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

type Columns = Readonly<Record<string, readonly string[]>>;

const columnsOf = ({ columns, cases }: Benchmark): Columns => {
  const there = new Set(cases.map(({ name }) => name));
  const all: Columns = columns ?? Object.fromEntries(cases.map(({ name }) => [name, [name]]));
  return Object.fromEntries(Object.entries(all).filter(([, of]) => of.every((c) => there.has(c))));
};

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (values.length - 1));
}

/** The mean over cases of a column; null where one is missing. */
function over(cases: readonly string[], numberOf: (name: string) => number | null): number | null {
  const found = cases.map(numberOf);
  return found.some((value) => value === null) ? null : mean(found as number[]);
}

/** A number of a metric as text. */
const shown = (value: number, { times = 1, digits }: Metric) => (value * times).toFixed(digits);

interface Line {
  label: string;
  cells: (string | null)[];
}

function tableOf(
  outcome: Outcome,
  metric: Metric,
  { columns, quick }: { columns: Columns; quick: boolean },
): Line[] {
  const { benchmark, results, references } = outcome;
  const names = Object.entries(columns);
  const numberOf = (values: Values | undefined) => values?.[metric.name] ?? null;
  const own = benchmark.methods.map(({ name: method }): Line => {
    const cells = names.map(([column, cases]) => {
      const bySeed = benchmark.seeds.flatMap((seed) => {
        const value = over(cases, (name) =>
          numberOf(
            results.find((r) => r.case === name && r.method === method && r.seed === seed)?.values,
          ),
        );
        return value === null ? [] : [value];
      });
      if (bySeed.length === 0) return null;
      const value = mean(bySeed);
      const spread = bySeed.length > 1 ? ` ± ${shown(deviation(bySeed), metric)}` : "";
      const some = bySeed.length < benchmark.seeds.length ? ` (${bySeed.length} seeds)` : "";
      const rival = benchmark.published.find(
        (row) => row.metric === metric.name && row.of === method,
      )?.values[column];
      const isWorse = !quick && rival !== undefined && value * (metric.times ?? 1) > rival;
      return `${shown(value, metric)}${spread}${some}${isWorse ? " \\*" : ""}`;
    });
    return { label: method, cells };
  });
  const beside = [...new Set(references.map(({ label }) => label))].map(
    (label): Line => ({
      label: `_${label}_`,
      cells: names.map(([, cases]) => {
        const value = over(cases, (name) =>
          numberOf(references.find((r) => r.case === name && r.label === label)?.values),
        );
        return value === null ? null : shown(value, metric);
      }),
    }),
  );
  for (const [label, name] of Object.entries(metric.beside ?? {}))
    beside.push({
      label: `_${label}_`,
      cells: names.map(([, cases]) => {
        const value = over(cases, (one) => {
          const found = results.flatMap((run) => (run.case === one && run.values[name]) || []);
          return found.length > 0 ? mean(found) : null;
        });
        return value === null ? null : shown(value, metric);
      }),
    });
  const published = benchmark.published
    .filter((row) => row.metric === metric.name)
    .map(
      ({ label, values }): Line => ({
        label: `published: ${label}`,
        cells: names.map(([column]) => (column in values ? `${values[column]}` : null)),
      }),
    );
  const there = ({ cells }: Line) => cells.some((cell) => cell !== null);
  return own.some(there) || beside.some(there)
    ? [...own, ...beside, ...published].filter(there)
    : [];
}

function markdownOf(outcome: Outcome, quick: boolean): string {
  const { benchmark, failed } = outcome;
  const columns = columnsOf(benchmark);
  const parts = [`## ${benchmark.name}`, `${benchmark.about}.`];
  for (const metric of [...benchmark.metrics, ...costs]) {
    const lines = tableOf(outcome, metric, { columns, quick });
    if (lines.length === 0) continue;
    // Columns that have no number in any row are of other metrics.
    const used = Object.keys(columns).map((_, i) => lines.some(({ cells }) => cells[i] !== null));
    const row = (label: string, cells: readonly (string | null)[]) =>
      `| ${[label, ...cells.filter((_, i) => used[i]).map((cell) => cell ?? "–")].join(" | ")} |`;
    const head = Object.keys(columns);
    parts.push(
      `**${metric.title}**`,
      [
        row("", head),
        row(
          "---",
          head.map(() => "---"),
        ),
        ...lines.map(({ label, cells }) => row(label, cells)),
      ].join("\n"),
    );
  }
  const { length } = benchmark.seeds;
  const seeds =
    length === 1
      ? `Seed ${benchmark.seeds[0]}.`
      : `Seeds ${benchmark.seeds.join(", ")}: mean ± standard deviation.`;
  parts.push([seeds, ...benchmark.notes].join(" "));
  if (failed.length > 0)
    parts.push(failed.map(({ run, why }) => `- failed: ${run}: ${why.split("\n")[0]}`).join("\n"));
  return parts.join("\n\n");
}

/** The document of outcomes: how it was made, and the tables. */
export function resultsDocument(
  outcomes: readonly Outcome[],
  { command, quick }: { command: string; quick: boolean },
): string {
  const runs = outcomes.flatMap(({ results }) => results);
  const lines = [
    `Written by \`${command}\`.`,
    ...(runs.length === 0 ? ["No run is finished yet."] : madeBy(runs)),
    quick
      ? "Quick: short trainings and few samples, whose numbers are no comparison with published ones."
      : "A star marks a number above the published one of the same method.",
  ];
  return `${["# Results", lines.join("\n"), ...outcomes.map((one) => markdownOf(one, quick))].join("\n\n")}\n`;
}

const listed = (runs: readonly Finished[], of: (run: Finished) => string) =>
  [...new Set(runs.map(of))].sort().join(" and ");

const madeBy = (runs: readonly Finished[]) => [
  `${runs.length} runs by ${listed(runs, ({ dsbm, commit }) => (commit ? `dsbm ${dsbm}, commit ${commit}` : `dsbm ${dsbm}`))}`,
  `on ${listed(runs, ({ machine }) => machine)},`,
  `${listed(runs, ({ date }) => date.slice(0, 10))}, ${total(runs)} of runs.`,
];

function total(runs: readonly Finished[]): string {
  const seconds = runs.reduce((sum, { values }) => sum + (values.seconds ?? 0), 0);
  return seconds < 600 ? `${seconds.toFixed(0)} seconds` : `${(seconds / 60).toFixed(0)} minutes`;
}

const columns = [
  ...["benchmark", "case", "row", "kind", "seed", "metric", "value"],
  ...["dsbm", "commit", "machine", "date"],
] as const;

/** The same numbers, unrounded, as CSV: a line for each. */
export function resultsCsv(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap((outcome): Row[] => {
    const { benchmark, results, references } = outcome;
    const line = (own: Partial<Record<(typeof columns)[number], Cell>>): Row => ({
      ...Object.fromEntries(columns.map((column) => [column, null])),
      benchmark: benchmark.name,
      ...own,
    });
    const numbers = (values: Values, own: Parameters<typeof line>[0]) =>
      Object.entries(values).map(([metric, value]) => line({ ...own, metric, value }));
    return [
      ...results.flatMap(({ values, method, words: _, ...run }) =>
        numbers(values, { ...run, row: method, kind: "method" }),
      ),
      ...references.flatMap(({ values, label, case: name }) =>
        numbers(values, { case: name, row: label, kind: "reference" }),
      ),
      ...benchmark.published.flatMap(({ label, metric, values }) =>
        Object.entries(values).map(([name, value]) => {
          const times = benchmark.metrics.find((one) => one.name === metric)?.times ?? 1;
          return line({ case: name, row: label, kind: "published", metric, value: value / times });
        }),
      ),
    ];
  });
  return formatCsv({ columns: [...columns], rows });
}
