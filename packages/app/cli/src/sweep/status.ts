import { existsSync, readFileSync } from "node:fs";
import {
  entryFolder,
  formatTable,
  listRuns,
  type RunInfo,
  readManifest,
  type SweepEntry,
  shellWord,
  sweepPaths,
} from "@dsbm/runs";

const states = ["waiting", "running", "finished", "failed", "interrupted"] as const;

interface MemberState {
  entry: SweepEntry;
  state: (typeof states)[number];
  /** Why it is not finished, one line; null if unknown. */
  why: string | null;
}

/** Throws RunError. */
export function statesOf(folder: string): MemberState[] {
  const { members } = readManifest(folder);
  const { log } = sweepPaths(folder);
  return members.map((entry) => {
    const [run] = listRuns(entryFolder(folder, entry));
    if (run?.problem) return { entry, state: "failed", why: run.problem.message };
    const line = lastLine(log(entry.number));
    if (!run) return { entry, state: line === null ? "waiting" : "failed", why: line };
    const { state, reason }: RunInfo = run.info;
    // A killed process could not write why: the scheduler may have logged the reason.
    const isKilled = state === "interrupted" && run.info.ended === null;
    return { entry, state, why: isKilled && line !== null ? `${reason}; log: ${line}` : reason };
  });
}

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

/** Throws RunError. */
export function statusText(folder: string): string {
  const members = statesOf(folder);
  const counts = states.map(
    (name) => `${members.filter(({ state }) => state === name).length} ${name}`,
  );
  const rows = members.map(({ entry: { number, configuration, seed }, state, why }) => ({
    member: number,
    ...configuration,
    seed,
    state,
    why: why ?? "",
  }));
  const isWhole = members.every(({ state }) => state === "finished");
  const command = readManifest(folder).words.map(shellWord).join(" ");
  return [
    `${folder}: ${counts.join(", ")}`,
    "",
    formatTable(rows),
    "",
    ...(isWhole ? [] : [`to run unfinished members: npx dsbm ${command}`]),
    `logs:    ${sweepPaths(folder).logs}/<member>.log`,
  ].join("\n");
}
