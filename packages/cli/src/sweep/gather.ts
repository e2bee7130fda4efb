// What a sweep found, in one table and one picture: read from the folders of its finished runs, whoever ran them.
import { relative } from "node:path";
import {
  type Cell,
  entryFolder,
  formatCsv,
  formatNumber,
  formatTable,
  isFinished,
  meanOf,
  type Row,
  readManifest,
  readRun,
  type SweepManifest,
  stdOf,
  summarise,
  svgToPng,
  sweepPaths,
  type Table,
  type TrendPanel,
  trendFigure,
  writeFileAtomic,
} from "@dsbm/runs";
import { resultColumns } from "../evaluation/columns.js";
import { gaussianPanels } from "../gaussian/panels.js";

const gaussianColumns = ["mean", "var", "cov", "kl_diag", "kl_full", "floor_full"];
const logarithmic = /^fid/;
const mostPanels = 8;

/**
 * Writes summary.csv, summary.svg and summary.png of the sweep in `folder` and returns its last evaluations as text;
 * null where no member is finished. Throws RunError.
 */
export async function gather(folder: string): Promise<string | null> {
  const manifest = readManifest(folder);
  const finished = manifest.members.flatMap((entry) => {
    const run = entryFolder(folder, entry);
    return isFinished(run) ? [{ entry, run: readRun(run) }] : [];
  });
  if (finished.length === 0) return null;
  const taken = new Set(finished.flatMap(({ run }) => run.results.flatMap(Object.keys)));
  const results = finished.map(({ entry: { configuration, seed }, run }) => ({
    configuration: apart(configuration, taken),
    seed,
    rows: run.results,
  }));
  const table = summarise(results);
  const paths = sweepPaths(folder);
  writeFileAtomic(paths.summary_csv, formatCsv(table));
  const keys = Object.keys(results[0]?.configuration ?? {});
  const last = lastEvaluations(table.rows, keys);
  const metrics = metricsOf(manifest, table);
  const panels = await panelsOf(
    manifest,
    metrics,
    finished.map(({ run }) => run.config),
  );
  if (panels.length > 0) {
    const svg = await trendFigure({
      rows: endsOfHalves(table.rows, keys),
      panels,
      title: `Sweep of dsbm ${manifest.experiment}: mean over seeds, ± one standard deviation`,
      series: (row) => seriesOf(row as Row, keys),
      ...(manifest.experiment !== "gaussian" && { floorLabel: "real data" }),
    });
    writeFileAtomic(paths.summary_svg, svg);
    writeFileAtomic(paths.summary_png, await svgToPng(svg));
  }
  return tableText(last, keys, metrics);
}

/** Keys that bear the name of a column (half_iteration of `dsbm test`) are told from it. */
function apart(
  configuration: Readonly<Record<string, Cell>>,
  taken: ReadonlySet<string>,
): Record<string, Cell> {
  return Object.fromEntries(
    Object.entries(configuration).map(([key, cell]) => [taken.has(key) ? `key.${key}` : key, cell]),
  );
}

/** What is told of results: the columns that matter to people, where they have a value. */
function metricsOf({ experiment }: SweepManifest, { rows }: Table): string[] {
  const wanted = experiment === "gaussian" ? gaussianColumns : resultColumns;
  return wanted.filter((metric) => rows.some((row) => typeof row[meanOf(metric)] === "number"));
}

/** The rows of a configuration's last half-iteration of each direction, which are its results. */
function lastEvaluations(rows: readonly Row[], keys: readonly string[]): Row[] {
  const newest = new Map<string, Row>();
  const gaussian = rows.some((row) => Object.hasOwn(row, "steps"));
  for (const row of rows) {
    const place = gaussian ? [row.steps] : [row.direction, row.sampler];
    // Later ones come last, and replace those before.
    newest.set(JSON.stringify([...keys.map((key) => row[key]), ...place]), row);
  }
  return [...newest.values()];
}

/** Of several evaluations in a half-iteration the last. */
function endsOfHalves(rows: readonly Row[], keys: readonly string[]): Row[] {
  const ends = new Map<string, Row>();
  for (const row of rows) ends.set(JSON.stringify([seriesOf(row, keys), row.half_iteration]), row);
  return [...ends.values()];
}

function seriesOf(row: Row, keys: readonly string[]): string {
  const words = keys.map((key) => `${key}=${row[key]}`);
  if (row.steps != null) words.push(`${row.steps} steps`);
  else if (row.direction != null) words.push(`${row.direction}`);
  if (row.sampler != null) words.push(`${row.sampler}`);
  return words.join(", ") || "all seeds";
}

async function panelsOf(
  { experiment }: SweepManifest,
  metrics: readonly string[],
  configs: readonly Record<string, unknown>[],
): Promise<TrendPanel[]> {
  if (experiment === "gaussian") {
    const { exactValues } = await import("../gaussian/evaluate.js");
    const bridges = configs.map(({ a, sigma }) =>
      exactValues("b", { a: Number(a), sigma: Number(sigma) }),
    );
    const same = (key: "mean" | "var" | "cov") =>
      new Set(bridges.map((bridge) => bridge[key])).size === 1
        ? (bridges[0]?.[key] ?? Number.NaN)
        : Number.NaN;
    return gaussianPanels({ mean: same("mean"), var: same("var"), cov: same("cov") }).map(
      (panel) => ({
        ...panel,
        metric: meanOf(panel.metric),
        spread: stdOf(panel.metric),
        ...(panel.floor !== undefined && { floor: meanOf(panel.floor) }),
      }),
    );
  }
  const own = metrics.filter((metric) => !/^(data|start|independent)_/.test(metric));
  return own.slice(0, mostPanels).map((metric) => {
    const real = `data_${metric.replace(/^end_/, "")}`;
    return {
      metric: meanOf(metric),
      spread: stdOf(metric),
      title: metric,
      label: "mean over seeds",
      ...(metrics.includes(real) && { floor: meanOf(real) }),
      ...(logarithmic.test(metric) && { scale: "log" as const }),
    };
  });
}

function tableText(
  rows: readonly Row[],
  keys: readonly string[],
  metrics: readonly string[],
): string {
  const places = ["half_iteration", "direction", "steps", "sampler"].filter((column) =>
    rows.some((row) => row[column] != null),
  );
  const text = (row: Row, metric: string) => {
    const [mean, std] = [row[meanOf(metric)], row[stdOf(metric)]];
    if (typeof mean !== "number") return "–";
    return typeof std === "number"
      ? `${formatNumber(mean)} ± ${formatNumber(std)}`
      : formatNumber(mean);
  };
  return formatTable(
    rows.map((row) => ({
      ...Object.fromEntries([...keys, ...places, "seeds"].map((column) => [column, row[column]])),
      ...Object.fromEntries(metrics.map((metric) => [metric, text(row, metric)])),
    })),
  );
}

/** Where the gathered results of a sweep are, for the last lines of a command. */
export function summaryPlaces(folder: string): string {
  const { summary_csv, summary_png } = sweepPaths(folder);
  const at = (path: string) => relative(process.cwd(), path) || path;
  return `table:   ${at(summary_csv)}\npicture: ${at(summary_png)}`;
}
