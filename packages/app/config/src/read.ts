import { withLines } from "./errors.js";
import { type CompleteTrainConfig, completeTrain } from "./keys/complete.js";
import { takeReferenceKeys } from "./keys/reference.js";
import { trainSchema } from "./keys/schema.js";
import { defaultsOf } from "./schema/describe.js";
import { validate } from "./schema/validate.js";
import { merge } from "./tree/tree.js";

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
