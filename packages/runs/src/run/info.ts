// run.json says which version wrote a run, in which state it is and when: the first file that any
// reader opens. The format number grows when an old reader could misread a new folder.
import { existsSync, readFileSync } from "node:fs";
import { fileError, RunError } from "../errors.js";
import { fromJson, toJson } from "../files/json.js";
import { writeFileAtomic } from "../files/write.js";

/** The format of run folders that this version writes and the newest that it reads. */
export const formatVersion = 1;

export const runStates = ["running", "interrupted", "failed", "finished"] as const;
export type RunState = (typeof runStates)[number];

/** Facts of the machine that a result may depend on; no host names. */
export type Environment = Record<string, string | number | boolean | null>;

/** The content of run.json. Times are ISO 8601 in UTC. */
export interface RunInfo {
  format: number;
  /** Version of dsbm that wrote the folder last. */
  dsbm: string;
  state: RunState;
  started: string;
  /** Times at which the run was taken up again. */
  resumed: string[];
  ended: string | null;
  /** Why it stopped early, one line; null for none. */
  reason: string | null;
  environment: Environment;
}

/** Writes run.json. Throws RunError. */
export function writeRunInfo(path: string, info: RunInfo): void {
  writeFileAtomic(path, `${toJson(info, { indent: 2 })}\n`);
}

/**
 * Reads run.json. Throws RunError "not_a_run" when there is none, "newer_format" naming the version
 * that wrote it, "corrupt" otherwise.
 */
export function readRunInfo(path: string): RunInfo {
  if (!existsSync(path)) {
    throw new RunError("not_a_run", `there is no ${path}: give the folder of a run`);
  }
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw fileError("read", path, error);
  }
  const info = fromJson(text, path) as Partial<RunInfo> | null;
  const cure = "restore it, or delete the run folder and run again";
  if (typeof info?.format !== "number") {
    throw new RunError("corrupt", `${path} has no format number: ${cure}`);
  }
  if (info.format > formatVersion) {
    throw new RunError(
      "newer_format",
      `${path} was written by dsbm ${info.dsbm ?? "(unknown version)"} in format ${info.format}, this version reads up to format ${formatVersion}: update dsbm`,
    );
  }
  if (!runStates.includes(info.state as RunState)) {
    const state = JSON.stringify(info.state);
    throw new RunError(
      "corrupt",
      `${path} has state ${state}, not ${runStates.join("|")}: ${cure}`,
    );
  }
  return {
    format: info.format,
    dsbm: info.dsbm ?? "",
    state: info.state as RunState,
    started: info.started ?? "",
    resumed: info.resumed ?? [],
    ended: info.ended ?? null,
    reason: info.reason ?? null,
    environment: info.environment ?? {},
  };
}
