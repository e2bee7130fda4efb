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
  readLogged,
  readManifest,
  readRun,
  stdOf,
  summarise,
  sweepPaths,
} from "@dsbm/runs";

/**
 * Writes summary.csv of the sweep in `folder` and returns its last evaluations as text; null if no member is finished. Throws RunError.
 */
export async function gather(folder: string): Promise<string | null> {
  const manifest = readManifest(folder);
  const finished = manifest.members.flatMap((entry) => {
    const run = entryFolder(folder, entry);
    return isFinished(run) ? [{ entry, folder: run, run: readRun(run) }] : [];
  });
  if (finished.length === 0) return null;
  const results = finished.map(({ entry: { configuration }, run }) => ({
    configuration,
    rows: run.results,
  }));
  const table = summarise(results);
  const { summary_csv } = sweepPaths(folder);
  writeFileAtomic(summary_csv, formatCsv(table));
  const keys = Object.keys(results[0]?.configuration ?? {});
  const last = newestRows(table.rows, keys);
  const logged = finished.flatMap((member) => readLogged(member.folder));
  const main = logged.flatMap(({ isMain, columns }) => (isMain ? Object.values(columns) : []));
  const metrics = [...new Set(main)].filter((name) =>
    table.rows.some((row) => typeof row[meanOf(name)] === "number"),
  );
  return `${tableText(last, keys, metrics)}\n\ntable:   ${summary_csv}`;
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
