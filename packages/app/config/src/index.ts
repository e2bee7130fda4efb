// The public face of @dsbm/config.
// biome-ignore-all assist/source/organizeImports: the order is for readers

export { configure, resolve, resolveArguments, sweptOverrides } from "./configure.js";
export type { Experiment, Member } from "./experiment.js";
export { type Launcher, launcherSchema, type SlurmLauncher } from "./launcher.js";
export * from "./commands/train.js";
export { type FitConfig, fit } from "./commands/fit.js";
export { extend } from "./commands/extend.js";
export { type DistillConfig, distill, distilledConfig } from "./commands/distill.js";
export * from "./commands/look.js";
export * from "./commands/test.js";
export { type SampleConfig, sample } from "./commands/sample.js";
export { type AnnotateConfig, annotate } from "./commands/sample.js";
export { type ExportConfig, exportNetworks } from "./commands/export.js";
export * from "./commands/compare.js";
export { checkHoldouts, type EvaluateConfig, evaluate } from "./commands/evaluate.js";
export {
  type CompleteTrainConfig,
  completeTrain,
  type TrainConfig,
  savedConfig,
} from "./keys/train.js";
export {
  conditionColumn,
  hasRowCondition,
  latentHalvings,
  processTimes,
  tableReading,
} from "./keys/data.js";
export { type MassKey, massKeys } from "./keys/method.js";
export { networkNames, takesVectors } from "./keys/model.js";
export { langevinNumbers } from "./keys/langevin.js";
export { freeProcessKeys, type ProcessesConfig } from "./keys/training.js";
export { referenceKeys } from "./keys/reference.js";
export { unusedOptions } from "./keys/unused.js";
export { helpEntries, helpTable } from "./schema/help.js";
export { validate } from "./schema/validate.js";
export { groupTable, presetGroups, type RegisteredNames } from "./presets.js";
export { ConfigError, describeError, exitCodeOf, setLogPrefix } from "./errors.js";
export {
  type CommandRequest,
  isSetting,
  type Override,
  type ParsedArguments,
  parseArguments,
  parseOverride,
  printCommand,
} from "./overrides.js";
export { flatten, isTree, printValue, readYaml, type Tree, type Value, writeYaml } from "./tree.js";
