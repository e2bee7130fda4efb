// The state of one member, from two witnesses: its run folder, which knows what it wrote, and whatever started it,
// which knows of members that never got so far or were killed.
import { existsSync } from "node:fs";
import type { RunInfo } from "../run/info.js";
import { runPaths } from "../run/layout.js";
import { lockHolder } from "../run/lock.js";
import { listRuns } from "../run/reader.js";

export const memberStates = ["waiting", "running", "done", "failed", "interrupted"] as const;
export type MemberState = (typeof memberStates)[number];

/** What the launcher knows. */
export interface Evidence {
  /** "none": it was not asked to run this member, or cannot tell. */
  phase: "none" | "queued" | "running" | "ended";
  /** Since when; what the run's folder says of earlier times is of an earlier start. */
  since: string | null;
  /** Whether an earlier result does not count. */
  again: boolean;
  /** Why it waits or was ended, as the scheduler or the operating system says. */
  told: string | null;
  /** The last thing that it said. */
  said: string | null;
  /** Whether its end counts for more than a lock, whose holder may have been on a machine that is gone. */
  overrules: boolean;
}

export interface Status {
  state: MemberState;
  /** Why it is not done, one line; null where there is nothing to say. */
  why: string | null;
}

const silent = "it ended without a word";

/** The state of the member whose run is in `folder`. */
export function memberStatus(folder: string, evidence: Evidence): Status {
  const { phase, since, again, told, said, overrules } = evidence;
  const { run_json, lock } = runPaths(folder);
  const [entry] = existsSync(run_json) ? listRuns(folder) : [];
  if (entry?.problem && phase !== "queued") return { state: "failed", why: entry.problem.message };
  const info = entry?.info ?? null;
  const stale = since !== null && info?.ended != null && info.ended < since;
  if (info?.state === "finished" && !(again && stale)) return { state: "done", why: null };
  if (phase === "queued") return { state: "waiting", why: told };
  const live = lockHolder(lock) !== undefined;
  if (phase === "running" || (live && !(phase === "ended" && overrules)))
    return { state: "running", why: null };
  if (phase === "ended") return ended(stale ? null : info, told, said);
  return before(info);
}

/** It was started and is gone. */
function ended(info: RunInfo | null, told: string | null, said: string | null): Status {
  if (info?.state === "failed") return { state: "failed", why: info.reason };
  // A run that stopped at a step boundary can be gone on with, whatever made it stop.
  if (info?.state === "interrupted" && info.ended !== null)
    return { state: "interrupted", why: told ?? info.reason };
  if (info === null || told !== null) return { state: "failed", why: told ?? said ?? silent };
  return { state: "interrupted", why: "it was killed: the process ended without a word" };
}

/** Nobody knows of it now; what was it when it was last seen? */
function before(info: RunInfo | null): Status {
  if (info?.state === "failed") return { state: "failed", why: info.reason };
  if (info?.state === "interrupted") return { state: "interrupted", why: info.reason };
  return { state: "waiting", why: null };
}

/** How many members are in each state. */
export function countStates(all: readonly Status[]): Record<MemberState, number> {
  const count = (state: MemberState) => all.filter((one) => one.state === state).length;
  return {
    waiting: count("waiting"),
    running: count("running"),
    done: count("done"),
    failed: count("failed"),
    interrupted: count("interrupted"),
  };
}
