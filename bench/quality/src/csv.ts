// The unrounded numbers of outcomes as CSV: a line for each, and the options of each run. When read
// again, they replace runs of other machines.

import { ConfigError, type Value } from "@dsbm/config";
import { type Cell, formatCsv, type Row, readCsv } from "@dsbm/runs";
import type { Values } from "./benchmark.js";
import type { Finished, Outcome } from "./engine.js";
import { type RunRequest, requestText } from "./request.js";

const columns = [
  ...["benchmark", "case", "row", "kind", "seed", "metric", "value"],
  ...["dsbm", "commit", "machine", "date"],
] as const;

type Line = Partial<Record<(typeof columns)[number], Cell>>;

/** A request as text without folders, which depend on the machine. */
function textOf({ datasets, options }: RunRequest, quick: boolean): string {
  const withoutFolders = (value: Value): Value =>
    typeof value === "string" ? value.replace(/(^|:)[^:]*\//, "$1") : value;
  const text = requestText({
    datasets: datasets.map((path) => `${withoutFolders(path)}`),
    options: Object.fromEntries(
      Object.entries(options).map(([key, value]) => [key, withoutFolders(value)]),
    ),
  });
  return quick ? `--quick ${text}` : text;
}

/** The text of the file. */
export function resultsCsv(outcomes: readonly Outcome[], quick: boolean): string {
  const rows = outcomes.flatMap((outcome): Row[] => {
    const { benchmark, results, references } = outcome;
    const line = (own: Line): Row => ({
      ...Object.fromEntries(columns.map((column) => [column, null])),
      benchmark: benchmark.name,
      ...own,
    });
    const numbers = (values: Values, own: Line) =>
      Object.entries(values).map(([metric, value]) => line({ ...own, metric, value }));
    return [
      ...results.flatMap(({ values, method, request, ...run }) => [
        line({ ...run, row: method, kind: "words", value: textOf(request, quick) }),
        ...numbers(values, { ...run, row: method, kind: "method" }),
      ]),
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

/** Finished runs of a table of numbers. */
export class KnownResults {
  readonly #path: string;
  readonly #quick: boolean;
  readonly #sameProtocol: boolean;
  readonly #rows: readonly Row[];

  /**
   * Reads the file.
   * @throws {RunError} for what is no CSV, a ConfigError for other columns.
   */
  constructor(path: string, quick: boolean) {
    const table = readCsv(path);
    if (columns.some((column) => !table.columns.includes(column)))
      throw new ConfigError(
        `results=${path} has the columns ${table.columns.join()}; expected ${columns.join()}: give a .csv that npm run benchmark wrote beside its tables`,
      );
    this.#path = path;
    this.#quick = quick;
    this.#sameProtocol =
      quick ===
      table.rows.some(({ kind, value }) => kind === "words" && /^--quick /.test(`${value}`));
    this.#rows = table.rows;
  }

  /** The rows of a case that no method makes; null if there are none, or for another protocol. */
  references(benchmark: string, name: string): Record<string, Values> | null {
    const found: Record<string, Values> = {};
    const rows = this.#sameProtocol ? this.#rows : [];
    for (const { benchmark: of, case: own, kind, row, metric, value } of rows)
      if (of === benchmark && own === name && kind === "reference")
        found[`${row}`] = {
          ...found[`${row}`],
          [`${metric}`]: this.#number(value, `${metric} of ${of} ${own}, ${row}`),
        };
    return Object.keys(found).length > 0 ? found : null;
  }

  /**
   * The run with these options; null if it is missing or had other options.
   * @throws {ConfigError} for text instead of numbers.
   */
  find(
    run: Pick<Finished, "case" | "method" | "seed" | "request"> & { benchmark: string },
  ): Finished | null {
    const { benchmark, case: name, method, seed, request } = run;
    const key = keyOf({ benchmark, case: name, row: method, seed });
    const rows = this.#rows.filter((row) => keyOf(row) === key);
    const described = rows.find(({ kind }) => kind === "words");
    if (described?.value !== textOf(request, this.#quick)) return null;
    const values = rows
      .filter(({ kind }) => kind === "method")
      .map(({ metric, value }) => [
        String(metric),
        this.#number(value, `${metric} of ${benchmark} ${name}, ${method}`),
      ]);
    const { dsbm, commit, machine, date } = described;
    return {
      ...{ case: name, method, seed, request, values: Object.fromEntries(values) },
      ...{ dsbm: `${dsbm}`, commit: commit === null ? null : `${commit}` },
      ...{ machine: `${machine}`, date: `${date}` },
    };
  }

  #number(value: Cell | undefined, what: string): number | null {
    if (value === null || typeof value === "number") return value;
    throw new ConfigError(
      `results=${this.#path}: ${what} is "${value}", expected a number: correct the line, or delete those of this run`,
    );
  }
}

/** What stands for a run, or for a case without one. */
const keyOf = ({ benchmark, case: name, row, seed }: Row) =>
  [benchmark, name, row, seed].join("\n");
