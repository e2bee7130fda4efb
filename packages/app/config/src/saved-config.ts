// The configuration of a run on disk, for the commands that take a run.
import { ConfigError } from "./errors.js";
import type { CompleteTrainConfig } from "./keys/complete.js";
import { readConfig } from "./read.js";

/** A configuration of `version` or an earlier one. Throws a ConfigError for that of another command, and for one that cannot be read. */
export function savedConfig(
  folder: string,
  saved: Record<string, unknown>,
  version: string | undefined,
): CompleteTrainConfig {
  if (!("Dataset" in saved) && !("model_name" in saved))
    throw new ConfigError(
      "usage",
      `${folder} is a run of another command: expected one of dsbm train, gaussian or fit`,
    );
  try {
    return readConfig(saved, version);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      "usage",
      `${folder}/config.json is not one of this version: ${error.problems.join("; ")}`,
    );
  }
}
