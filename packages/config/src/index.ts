// The command line's grammar, in reading order: words, presets, references, sweeps, schemas.
// biome-ignore-all assist/source/organizeImports: the order is for readers

export { ConfigError, type ConfigErrorCode } from "./errors.js";
export { isTree, printValue, type Tree, type Value } from "./value.js";
export { type Choices, parseChoices, parseValue } from "./grammar.js";
export { type Override, type OverrideKind, parseOverride, printOverride } from "./override.js";
export { type Argv, parseArgv } from "./argv.js";
export { distance, nearest } from "./nearest.js";
export { type Expression, parseExpression } from "./expression.js";
export { merge } from "./tree.js";
export { applyOverride } from "./apply.js";
export { readYaml, writeYaml } from "./yaml.js";
export { type Composed, type ComposeOptions, compose } from "./compose.js";
export { interpolate } from "./interpolate.js";
export { expandSweep } from "./sweep.js";
export { overrideDirname } from "./name.js";
export { defaultsOf, type JsonSchema, jsonSchema } from "./describe.js";
export { type CrossCheck, validate } from "./validate.js";
export { type HelpEntry, helpEntries, helpTable, presetJsonSchema } from "./help.js";
export { type Group, groupTable, presetGroup, presetGroups } from "./groups.js";
export { type Launcher, launcherSchema, type SlurmLauncher } from "./launcher.js";
export { type Experiment, type Member, type Resolved, resolve } from "./resolve.js";
export { type GaussianConfig, gaussian, gaussianEps, gaussianSchema } from "./gaussian.js";
export { freeProcessKeys, type ProcessesConfig } from "./processes.js";
export { gaussianExperiment, train } from "./train.js";
export { referenceKeys } from "./train/reference.js";
export { readConfig } from "./read.js";
export { type TrainConfig, trainSchema } from "./train/schema.js";
export { type CompleteTrainConfig, completeTrain } from "./train/complete.js";
export { type LangevinKeys, langevinNumbers } from "./train/langevin.js";
export { readNumbers } from "./train/kinds.js";
export { type TestConfig, test, testOnlyKeys, testSchema } from "./test.js";
export { type SampleConfig, sample, sampleSchema } from "./sample.js";
