// The config.json of a run, as this version or an earlier one wrote it, as a configuration of this version.

import { test } from "./commands/test.js";
import { gaussian, train } from "./commands/train.js";
import { withLines } from "./errors.js";
import { type CompleteTrainConfig, completeTrain } from "./keys/complete.js";
import { defaultsOf } from "./schema/describe.js";
import { validate } from "./schema/validate.js";
import { type Aliases, aliasTree } from "./tree/aliases.js";
import { interpolate } from "./tree/interpolate.js";
import { merge } from "./tree/tree.js";
import type { Tree } from "./words/value.js";

/** Methods that were presets' names in earlier versions. */
const EARLIER: Aliases = {
  method: {
    key: "method",
    values: {
      dbdsb: "dsbm",
      dbdsb_vp: "dsbm",
      bm: "dsbm",
      rf: "rectifiedflow",
      otcfm: "rectifiedflow",
    },
  },
};

/**
 * The complete configuration of a run. `experiment` is the command that wrote it (default: gaussian where it has a
 * model_name, else train); `version` is named in errors. Throws ConfigError with a line for each key and value that
 * this version does not know.
 */
export function readConfig(
  tree: Tree,
  experiment: string = "model_name" in tree ? "gaussian" : "split" in tree ? "test" : "train",
  { version }: { version?: string | undefined } = {},
): CompleteTrainConfig {
  const experiments = [gaussian, test, train];
  const {
    schema,
    base = {},
    aliases = {},
    take,
  } = experiments.find(({ name }) => name === experiment) ?? train;
  const renamed = aliasTree(EARLIER, aliasTree(aliases, tree));
  const whole = interpolate(merge(merge(defaultsOf(schema), base), renamed));
  const writer = version === undefined ? "" : ` (written by version ${version})`;
  return withLines(
    (line) => line + writer,
    () => {
      take?.(whole);
      return completeTrain(validate(schema, whole));
    },
  );
}
