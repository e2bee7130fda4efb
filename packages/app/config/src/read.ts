import { realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import { ConfigError, withLines } from "./errors.js";
import { takeReferenceKeys } from "./keys/reference.js";
import { type CompleteTrainConfig, completeTrain, trainSchema } from "./keys/train.js";
import { defaultsOf } from "./schema/describe.js";
import { validate } from "./schema/validate.js";
import { merge } from "./tree.js";

/**
 * Returns the complete configuration of a run. Missing newer keys get their defaults. Throws
 * ConfigError with a line for each unknown key or value, and the `version` that wrote them.
 */
export function readConfig(saved: object, version?: string): CompleteTrainConfig {
  const tree = merge({}, saved);
  const writer = version === undefined ? "" : ` (written by version ${version})`;
  return withLines(
    (line) => line + writer,
    () => {
      takeReferenceKeys(tree);
      return completeTrain(validate(trainSchema, merge(defaultsOf(trainSchema), tree)));
    },
  );
}

/**
 * Reads a configuration of `version` or an earlier version. A run folder may come from a stranger:
 * files whose code runs become null, and classifiers stay above the run or in the usual folder.
 * Throws a ConfigError for another command's configuration and for an unreadable one.
 */
export function savedConfig(
  folder: string,
  saved: Record<string, unknown>,
  version: string | undefined,
): CompleteTrainConfig {
  if (!("Dataset" in saved) && !("model_name" in saved))
    throw new ConfigError(
      `${folder} is a run of another command: expected one of dsbm train, gaussian or fit`,
    );
  try {
    const { metrics, paths, ...config } = readConfig(saved, version);
    return {
      ...config,
      metrics: { ...metrics, inception: null, fid_statistics: null },
      paths: isAbove(paths.experiments_dir_name, folder)
        ? paths
        : { ...paths, experiments_dir_name: "experiments" },
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      `${folder}/config.json is not one of this version: ${error.problems.join("; ")}`,
    );
  }
}

function isAbove(parent: string, folder: string): boolean {
  try {
    return !relative(realpathSync(resolve(parent)), realpathSync(folder)).startsWith("..");
  } catch {
    return false;
  }
}
