// The command line's grammar, in reading order: words, presets, references, sweeps, schemas.
// biome-ignore-all assist/source/organizeImports: the order is for readers

export { ConfigError, type ConfigErrorCode } from "./errors.js";
export { isTree, printValue, type Tree, type Value } from "./words/value.js";
export { type Choices, parseChoices, parseValue } from "./words/grammar.js";
export {
  type Override,
  type OverrideKind,
  parseOverride,
  printOverride,
} from "./words/override.js";
export { type Argv, parseArgv } from "./words/argv.js";
export { distance, nearest } from "./nearest.js";
export { type Expression, parseExpression } from "./keys/expression.js";
export { merge } from "./tree/tree.js";
export { applyOverride } from "./tree/apply.js";
export { readYaml, writeYaml } from "./tree/yaml.js";
export { type Composed, type ComposeOptions, compose } from "./presets/compose.js";
export { interpolate } from "./tree/interpolate.js";
export { expandSweep } from "./words/sweep.js";
export { overrideDirname } from "./words/name.js";
export { defaultsOf, type JsonSchema, jsonSchema } from "./schema/describe.js";
export { type CrossCheck, validate } from "./schema/validate.js";
export { type HelpEntry, helpEntries, helpTable } from "./schema/help.js";
export { type Group, groupTable, presetGroup, presetGroups } from "./presets/groups.js";
export { type Launcher, launcherSchema, type SlurmLauncher } from "./launcher.js";
export { type Experiment, type Member, type Resolved, resolve } from "./resolve.js";
export {
  type GaussianConfig,
  gaussian,
  gaussianEps,
  gaussianSchema,
} from "./commands/gaussian.js";
export { freeProcessKeys, type ProcessesConfig } from "./keys/processes.js";
export { gaussianExperiment, train } from "./commands/train.js";
export { referenceKeys } from "./keys/reference.js";
export { readConfig } from "./read.js";
export { type TrainConfig, trainSchema } from "./keys/schema.js";
export { type CompleteTrainConfig, completeTrain } from "./keys/complete.js";
export { type LangevinKeys, langevinNumbers } from "./keys/langevin.js";
export { readNumbers } from "./schema/kinds.js";
export { type TestConfig, test, testOnlyKeys, testSchema } from "./commands/test.js";
export { type SampleConfig, sample, sampleSchema } from "./commands/sample.js";
