import { existsSync, readFileSync } from "node:fs";
import {
  entryFolder,
  formatTable,
  isRunFault,
  readManifest,
  readState,
  type SweepEntry,
  shellWord,
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

/** The state of each member as text, and whether all are finished. Throws RunError. */
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
