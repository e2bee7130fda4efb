// The kinds of evaluators by what they measure: their columns and what people are shown of them. They are loaded when
// they are opened, so that tables and help need not wait for the engine.
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Ends } from "@dsbm/problem";
import { formatNumber, type Row } from "@dsbm/runs";
import type { EvaluatorKind, Metric } from "./evaluator.js";

const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
const fourDigits = (x: number) => (Math.abs(x) < 1000 ? x.toPrecision(4) : x.toFixed(0));
const isVectors = ({ shape }: Ends) => shape.length === 1;

/** A metric beside its reference: the column and what it is. */
const beside = (
  [column, title]: readonly [column: string, title: string],
  [reference, referenceIs]: readonly [column: string, what: string],
  more: Pick<Metric, "log" | "text"> = {},
): Metric => ({ column, title, reference, referenceIs, ...more });

/** In the order in which tables show them. */
const kinds: Readonly<Record<string, EvaluatorKind>> = {
  exact: {
    columns: [
      ...["mean", "exact_mean", "var", "exact_var", "cov", "exact_cov"],
      ...["kl_diag", "floor_diag", "kl_full", "floor_full"],
    ],
    metrics: [
      ...["mean", "var", "cov"].map((name) => beside([name, name], [`exact_${name}`, "exact"])),
      ...["diag", "full"].map((kind) =>
        beside([`kl_${kind}`, `KL (${kind})`], [`floor_${kind}`, "floor"], { log: true }),
      ),
    ],
    applies: ({ exact }) => exact !== null,
    open: async (ends, config) =>
      (await import("./exact-gaussian.js")).openExactGaussian(ends, config),
  },
  sliced: {
    columns: ["sliced_w2", "data_sliced_w2", "start_sliced_w2"],
    metrics: [
      beside(["sliced_w2", "sliced W2"], ["data_sliced_w2", "data"]),
      { column: "start_sliced_w2", title: "that of the starts", beside: true },
    ],
    applies: ({ exact }) => exact === null,
    open: async (ends, config) => (await import("./distances.js")).openSliced(ends, config),
  },
  wasserstein: {
    columns: ["w2", "data_w2", "optimal_msd"],
    metrics: [
      beside(["w2", "W2"], ["data_w2", "data"]),
      {
        column: "optimal_msd",
        title: "displacement of exact optimal pairs of these starts and ends",
        text: fourDigits,
      },
    ],
    applies: (ends) => isVectors(ends) && ends.exact === null,
    open: async (ends, config) => (await import("./distances.js")).openWasserstein(ends, config),
  },
  displacement: {
    columns: [
      ...["start_mean", "start_var", "end_mean", "end_var", "end_sample_var"],
      ...["data_mean", "data_var", "data_sample_var", "variance_kept"],
      ...["mse", "msd", "independent_msd"],
    ],
    metrics: [
      beside(["msd", "displacement"], ["independent_msd", "independent pairs"], {
        text: fourDigits,
      }),
      beside(["end_sample_var", "variance"], ["data_sample_var", "data"]),
      { column: "variance_kept", title: "variance kept", text: percent },
    ],
    applies: ({ exact }) => exact === null,
    open: async () => (await import("./displacement.js")).displacement,
  },
  classifier: {
    columns: ["share", "data_share", "fid_lenet", "data_fid_lenet"],
    metrics: [
      beside(["share", "share"], ["data_share", "data"], { text: percent }),
      beside(["fid_lenet", "fid_lenet"], ["data_fid_lenet", "data"], { log: true }),
    ],
    applies: ({ x0, x1 }, { metrics }) =>
      metrics.judge && x0.classes.length + x1.classes.length > 0,
    open: async (...args) => (await import("./classifier.js")).openClassifier(...args),
  },
  inception: {
    columns: ["fid"],
    metrics: [{ column: "fid", title: "FID", log: true }],
    applies: (ends, { metrics }) => metrics.inception !== null && !isVectors(ends),
    open: async (ends, config) => (await import("./inception.js")).openInception(ends, config),
  },
  spectrum: {
    columns: ["band_error", "start_band_error", "data_band_error", "worst_band"],
    metrics: [
      beside(["band_error", "spectrum off by"], ["start_band_error", "start"]),
      { column: "data_band_error", title: "that of other data", beside: true },
      { column: "worst_band", title: "worst band" },
    ],
    applies: (ends, { metrics }) => metrics.spectrum && !isVectors(ends),
    open: async (ends, config) => (await import("./spectrum.js")).openSpectrum(ends, config),
  },
  conditions: {
    columns: ["cond_error", "start_cond_error", "data_cond_error"],
    metrics: [
      beside(["cond_error", "condition error"], ["data_cond_error", "data"]),
      { column: "start_cond_error", title: "that of the starts", beside: true },
    ],
    applies: (ends, { cdsb }) => cdsb && !isVectors(ends),
    open: async (ends, config) =>
      (await import("./condition-fit.js")).openConditionFit(ends, config),
  },
};

const before = ["half_iteration", "direction", "step", "steps", "n", "nfe"] as const;
const after = ["seconds_per_batch", "seconds"] as const;

/** The kinds that serve some data. */
export function kindsFor(ends: Ends, config: CompleteTrainConfig): EvaluatorKind[] {
  return Object.values(kinds).filter((kind) => kind.applies(ends, config));
}

/** The columns of a run's results.csv. */
export function columnsFor(ends: Ends, config: CompleteTrainConfig): string[] {
  return [...before, ...kindsFor(ends, config).flatMap(({ columns }) => columns), ...after];
}

/** What is shown of evaluations, in order. */
export const metrics: readonly Metric[] = Object.values(kinds).flatMap((kind) => kind.metrics);

/**
 * The columns of these metrics, each with its reference, that have a value in any of the rows, where `named` gives their
 * names in the rows.
 */
export function shownColumns(
  rows: readonly Row[],
  named: (column: string) => string = (column) => column,
): string[] {
  const columns = metrics.flatMap(({ column, reference }) =>
    reference === undefined ? [column] : [column, reference],
  );
  return columns.filter((name) => rows.some((row) => typeof row[named(name)] === "number"));
}

/** Columns that say where an evaluation was made; the last ones are shown where they differ. */
const places = ["half_iteration", "direction"] as const;
const furtherPlaces = ["step", "steps", "split", "sampler"] as const;

/** Rows of evaluations as tables show them: where they were made, then the metrics, each beside its reference. */
export function shownRows(rows: readonly Row[]): Row[] {
  const columns = [
    ...places,
    ...furtherPlaces.filter((name) => new Set(rows.map((row) => row[name] ?? "")).size > 1),
    ...(rows.some((row) => row.sampler) ? ["nfe"] : []),
    ...shownColumns(rows),
  ];
  return rows.map((row) => Object.fromEntries(columns.map((name) => [name, row[name] ?? null])));
}

/** The newest evaluation of each direction, number of steps and sampler; `keys` are further columns that tell rows apart. */
export function newestRows(rows: readonly Row[], keys: readonly string[] = []): Row[] {
  const columns = [...keys, "direction", "steps", "sampler"];
  // Later rows replace those before.
  const newest = new Map(rows.map((row) => [JSON.stringify(columns.map((c) => row[c])), row]));
  return [...newest.values()];
}

/** The table of a run's newest evaluations. */
export const newestTable = (rows: readonly Row[]): Row[] => shownRows(newestRows(rows));

/** An evaluation in a line: "displacement 64.6 (independent pairs 140.4), share 98.0 % (data 98.9 %)". */
export function describeResult(row: Row): string {
  return metrics
    .flatMap(({ column, title, reference, referenceIs, text = formatNumber }) => {
      const value = row[column];
      if (typeof value !== "number") return [];
      const beside = reference === undefined ? undefined : row[reference];
      return [
        `${title} ${text(value)}${typeof beside === "number" ? ` (${referenceIs} ${text(beside)})` : ""}`,
      ];
    })
    .join(", ");
}
