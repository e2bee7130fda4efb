import { existsSync, readFileSync } from "node:fs";
import { shellWord, writeFileAtomic } from "@dsbm/files";
import {
  entryFolder,
  formatCsv,
  formatNumber,
  formatTable,
  isFinished,
  isRunFault,
  meanOf,
  newestRows,
  type Row,
  readLogged,
  readManifest,
  readRun,
  readState,
  type SweepEntry,
  stdOf,
  summarise,
  sweepPaths,
} from "@dsbm/runs";

const states = ["waiting", "running", "finished", "failed", "interrupted"] as const;

/** The last line of a log; null without one. */
function lastLine(path: string): string | null {
  const lines = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  return lines.at(-1)?.replace(/^dsbm: /, "") || null;
}

/** A member's keys that differ, and its seed. */
export function nameOf({ configuration, seed }: Pick<SweepEntry, "configuration" | "seed">) {
  return Object.entries({ ...configuration, seed })
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

/**
 * The state of each member as text, and whether all are finished.
 * @throws {RunError}
 */
export function sweepStatus(folder: string): { text: string; isWhole: boolean } {
  const { members, words } = readManifest(folder);
  const { log, logs } = sweepPaths(folder);
  const rows = members.map((entry) => ({
    member: entry.number,
    ...entry.configuration,
    seed: entry.seed,
    ...stateOf(entryFolder(folder, entry), lastLine(log(entry.number))),
  }));
  const counts = states.map(
    (name) => `${rows.filter(({ state }) => state === name).length} ${name}`,
  );
  const isWhole = rows.every(({ state }) => state === "finished");
  const again = `to run unfinished members: npx dsbm ${words.map(shellWord).join(" ")}`;
  const lines = [
    `${folder}: ${counts.join(", ")}\n`,
    `${formatTable(rows)}\n`,
    ...(isWhole ? [] : [again]),
    `logs:    ${logs}/<member>.log`,
  ];
  return { isWhole, text: lines.join("\n") };
}

/** `why` it is not finished, one line; `line` is the last one of its log. */
function stateOf(run: string, line: string | null): { state: string; why: string } {
  try {
    const { state, reason, ended } = readState(run);
    // A killed process could not write why: the scheduler may have logged the reason.
    const isKilled = state === "interrupted" && ended === null;
    return { state, why: isKilled && line !== null ? `${reason}; log: ${line}` : (reason ?? "") };
  } catch (error) {
    if (!isRunFault(error)) throw error;
    if (error.code !== "not_a_run") return { state: "failed", why: error.message };
    return { state: line === null ? "waiting" : "failed", why: line ?? "" };
  }
}

/**
 * Writes summary.csv of the sweep in `folder` and returns its last evaluations as text; null if no member is finished.
 * @throws {RunError}
 */
export function gather(folder: string): string | null {
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
