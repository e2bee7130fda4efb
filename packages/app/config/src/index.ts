// The public face of @dsbm/config.
// biome-ignore-all assist/source/organizeImports: the order is for readers

export {
  configure,
  type Experiment,
  type Member,
  resolve,
} from "./configure.js";
export * from "./commands/train.js";
export { type FitConfig, fit } from "./commands/fit.js";
export { extend } from "./commands/extend.js";
export * from "./commands/look.js";
export * from "./commands/test.js";
export { type SampleConfig, sample } from "./commands/sample.js";
export { type AnnotateConfig, annotate } from "./commands/sample.js";
export { type ExportConfig, exported } from "./commands/export.js";
export * from "./commands/compare.js";
export { checkHoldouts, type EvaluateConfig, evaluate } from "./commands/evaluate.js";
export { type CompleteTrainConfig, completeTrain, type TrainConfig } from "./keys/train.js";
export { conditionColumn, processTimes } from "./keys/data.js";
export { type MassKey, massKeys } from "./keys/method.js";
export { langevinNumbers } from "./keys/langevin.js";
export { freeProcessKeys, type ProcessesConfig } from "./keys/training.js";
export { referenceKeys } from "./keys/reference.js";
export { type Launcher, launcherSchema, type SlurmLauncher } from "./launcher.js";
export { validate } from "./schema/validate.js";
export { helpEntries, helpTable } from "./schema/describe.js";
export { groupTable, presetGroups, type RegisteredNames } from "./presets.js";
export { ConfigError } from "./errors.js";
export { isSetting, parseOverride, unknownOption } from "./overrides.js";
export { flatten, isTree, printValue, readYaml, type Tree, type Value, writeYaml } from "./tree.js";
export { savedConfig } from "./read.js";
export * from "./user-errors.js";
