// run.json: which version wrote a run, its state and times. Readers open it first. The format number
// grows when an old reader could misread a new folder.
import { RunError } from "../errors.js";
import { readFormatted } from "../files/json.js";

/** The format of run folders that this version writes and the newest that it reads. */
export const formatVersion = 1;

const runStates = ["running", "interrupted", "failed", "finished"] as const;
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
  /** Times at which the run was continued. */
  resumed: string[];
  /** Seconds of the processes before the last one, without the time between them. */
  spent: number;
  ended: string | null;
  /** Why it stopped early, one line; null for none. */
  reason: string | null;
  environment: Environment;
  /** The command line that made the run, and goes on with it; null where it is not known. */
  command: string | null;
}

/**
 * Reads run.json. Throws RunError "not_a_run" when there is none, "newer_format" naming the version
 * that wrote it, "corrupt" otherwise.
 */
export function readRunInfo(path: string): RunInfo {
  const broken = "restore it, or delete the run folder and run again";
  const missing = "give the folder of a run";
  const info = readFormatted(path, { newest: formatVersion, missing, broken }) as Partial<RunInfo>;
  if (!runStates.includes(info.state as RunState)) {
    const state = JSON.stringify(info.state);
    throw new RunError(
      "corrupt",
      `${path} has state ${state}, not ${runStates.join("|")}: ${broken}`,
    );
  }
  const defaults = {
    dsbm: "",
    started: "",
    resumed: [],
    spent: 0,
    ended: null,
    reason: null,
    environment: {},
    command: null,
  };
  return { ...defaults, ...info } as RunInfo;
}
