// Gathers the results of a sweep in one table and one figure.
import { lastOfHalves, panelsOf } from "@dsbm/experiment";
import { writeFileAtomic } from "@dsbm/files";
import {
  entryFolder,
  formatCsv,
  formatNumber,
  formatTable,
  isFinished,
  meanOf,
  newestRows,
  type Row,
  readLoggedOf,
  readManifest,
  readRun,
  shownColumns,
  stdOf,
  summarise,
  svgToPng,
  sweepPaths,
  trendFigure,
} from "@dsbm/runs";

/**
 * Writes summary.csv, summary.svg and summary.png of the sweep in `folder` and returns its last
 * evaluations as text with the paths; null if no member is finished. Throws RunError.
 */
export async function gather(folder: string): Promise<string | null> {
  const manifest = readManifest(folder);
  const finished = manifest.members.flatMap((entry) => {
    const run = entryFolder(folder, entry);
    return isFinished(run) ? [{ entry, folder: run, run: readRun(run) }] : [];
  });
  if (finished.length === 0) return null;
  const results = finished.map(({ entry: { configuration, seed }, run }) => ({
    configuration,
    seed,
    rows: run.results,
  }));
  const table = summarise(results);
  const paths = sweepPaths(folder);
  writeFileAtomic(paths.summary_csv, formatCsv(table));
  const keys = Object.keys(results[0]?.configuration ?? {});
  const last = newestRows(table.rows, keys);
  const logged = readLoggedOf(finished.map((member) => member.folder));
  const metrics = shownColumns(logged, table.rows, meanOf);
  const panels = panelsOf(logged, table.rows, { column: meanOf, spread: stdOf });
  if (panels.length > 0) {
    const series = (row: Record<string, unknown>) => seriesOf(row as Row, keys);
    const svg = await trendFigure({
      rows: lastOfHalves(table.rows, series),
      panels,
      title: `Sweep of dsbm ${manifest.experiment}: mean over seeds, ± one standard deviation`,
      series,
      floorLabel: "reference",
    });
    writeFileAtomic(paths.summary_svg, svg);
    writeFileAtomic(paths.summary_png, await svgToPng(svg));
  }
  return `${tableText(last, keys, metrics)}\n\ntable:   ${paths.summary_csv}\npicture: ${paths.summary_png}`;
}

function seriesOf(row: Row, keys: readonly string[]): string {
  const { direction, steps } = row;
  const configuration = keys.map((key) => `${key}=${row[key]}`);
  const words = [...configuration, direction, steps == null ? null : `${steps} steps`];
  return words.filter((word) => word != null).join(", ") || "all seeds";
}

function tableText(
  rows: readonly Row[],
  keys: readonly string[],
  metrics: readonly string[],
): string {
  const places = ["half_iteration", "direction", "steps"].filter((column) =>
    rows.some((row) => row[column] != null),
  );
  const text = (row: Row, metric: string) => {
    const mean = row[meanOf(metric)];
    const std = row[stdOf(metric)];
    if (typeof mean !== "number") return "–";
    return formatNumber(mean) + (typeof std === "number" ? ` ± ${formatNumber(std)}` : "");
  };
  return formatTable(
    rows.map((row) => ({
      ...Object.fromEntries([...keys, ...places, "seeds"].map((column) => [column, row[column]])),
      ...Object.fromEntries(metrics.map((metric) => [metric, text(row, metric)])),
    })),
  );
}
