// The state of one member, from its run folder and its launcher.
import { existsSync } from "node:fs";
import { lockHolder } from "@dsbm/files";
import type { RunInfo } from "../run/info.js";
import { runPaths } from "../run/layout.js";
import { listRuns } from "../run/reader.js";

const memberStates = ["waiting", "running", "done", "failed", "interrupted"] as const;

/** The state of a member of a sweep. */
export type MemberState = (typeof memberStates)[number];

/** What the launcher knows about a member. */
export interface Evidence {
  /** "none": it has not started this member, or does not know. */
  phase: "none" | "queued" | "running" | "ended";
  /** Start of this phase; the run folder may still hold the state of an earlier start. */
  since: string | null;
  again: boolean;
  /** Why it waits or has ended, from the scheduler or the operating system. */
  reason: string | null;
  stopped: boolean;
  lastLogLine: string | null;
  /**
   * Whether "ended" is right even if a process seems to hold the lock, perhaps on a machine that no
   * longer exists.
   */
  certain: boolean;
}

/** The state of a member and its reason. */
export interface Status {
  state: MemberState;
  /** Why it is not done, one line; null if unknown. */
  why: string | null;
}

/** The state of a member, from its run folder and its launcher. */
export function memberStatus(folder: string, evidence: Evidence): Status {
  const { phase, since, again, reason, certain } = evidence;
  const { run_json, lock } = runPaths(folder);
  const [entry] = existsSync(run_json) ? listRuns(folder) : [];
  if (entry?.problem && phase !== "queued") return { state: "failed", why: entry.problem.message };
  const info = entry?.info ?? null;
  const stale = since !== null && info?.ended != null && info.ended < since;
  if (info?.state === "finished" && !(again && stale)) return { state: "done", why: null };
  if (phase === "queued") return { state: "waiting", why: reason };
  const live = lockHolder(lock) !== undefined;
  if (phase === "running" || (live && !(phase === "ended" && certain)))
    return { state: "running", why: null };
  if (phase === "ended") return ended(stale ? null : info, evidence);
  // The launcher does not know it: its last state counts.
  if (info?.state === "failed" || info?.state === "interrupted")
    return { state: info.state, why: info.reason };
  return { state: "waiting", why: null };
}

function ended(info: RunInfo | null, { reason, stopped, lastLogLine }: Evidence): Status {
  if (info?.state === "failed") return { state: "failed", why: info.reason };
  // A run that stopped at a step boundary can resume, whatever stopped it.
  if (info?.state === "interrupted" && info.ended !== null)
    return { state: "interrupted", why: reason ?? info.reason };
  if (info === null && stopped)
    return { state: "interrupted", why: "stopped by a signal before its run began" };
  if (info === null || reason !== null)
    return { state: "failed", why: reason ?? lastLogLine ?? "it ended without a message" };
  return { state: "interrupted", why: "it was killed: the process ended without a message" };
}

/** The number of members in each state. */
export function countStates(all: readonly Status[]): Record<MemberState, number> {
  const counts = memberStates.map((state) => [state, all.filter((s) => s.state === state).length]);
  return Object.fromEntries(counts);
}
