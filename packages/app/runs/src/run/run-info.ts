// run.json: version, state and times of a run, and the command that began it.
import { z } from "zod";
import { listOf, readAs, realNumber, text, textOrNull } from "../files/json.js";

/** The format of run folders that this version writes and the newest that it reads. */
export const formatVersion = 1;

/** The states of a run. */
export const runStates = ["running", "interrupted", "failed", "finished"] as const;

/** The state of a run. */
export type RunState = (typeof runStates)[number];

type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** The command of a run before it becomes text: its `arguments` and its `overrides` by dotted keys. */
export interface RunRequest {
  /** "fit" */
  command: string;
  /** Files and folders. */
  arguments: string[];
  overrides: Record<string, JsonValue>;
}

const request = z.object({
  command: z.string(),
  arguments: z.array(z.string()),
  overrides: z.record(z.string(), z.custom<JsonValue>()),
});

/** run.json. Times are ISO 8601 in UTC. */
export const runInfo = z.object({
  format: z.number(),
  dsbm: text,
  state: z.enum(runStates),
  started: text,
  /** Times at which the run resumed. */
  resumed: listOf(z.string()),
  /** Seconds of the earlier processes, without the time between them. */
  spent: z.number().nonnegative().catch(0),
  ended: textOrNull,
  /** Why it stopped early, one line. */
  reason: textOrNull,
  /** Facts of the machine that a result may depend on; no host names. */
  environment: z
    .record(z.string(), z.union([z.string(), realNumber, z.boolean(), z.null()]))
    .catch({}),
  /** The command line that began the run, and resumes it; null if unknown. */
  command: textOrNull,
  /** `command` with its arguments and overrides; null in files of earlier versions, and for the library. */
  request: request.nullable().catch(null),
});

/**
 * The content of run.json: its `format`, the version of `dsbm`, the `state`, and when the run
 * `started` and `ended`.
 */
export type RunInfo = z.output<typeof runInfo>;

/** The machine and the software of a run. */
export type Environment = RunInfo["environment"];

/**
 * Reads run.json.
 * @throws {RunError} "not_a_run", "newer_format" or "corrupt".
 */
export const readRunInfo = (path: string): RunInfo =>
  readAs(path, {
    newest: formatVersion,
    schema: runInfo,
    missing: "give the folder of a run",
    cure: "restore it, or delete the run folder and run again",
  });
