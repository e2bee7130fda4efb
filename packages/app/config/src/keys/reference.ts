// Keys of the reference with one possible value here, or without effect.

import { ConfigError } from "../errors.js";
import { deletePath, getPath, printValue, type Tree, type Value } from "../tree.js";

/** Keys of the reference without effect here, each with its reason. */
const unusedReasons: Readonly<Record<string, string>> = {
  num_workers: "images are decoded before training, by all processors",
  pin_memory: "batches are views of tables in memory",
  load: "data files are read in place, and decoded images are always kept",
  run: "write seed=… for another run of the same configuration",
  use_default_wandb_name: "the name is given to wandb sync",
};

interface FixedKey {
  values: readonly Value[];
  reason: string;
  model?: string;
}

const ofDDPMpp = (what: string, ...values: Value[]): FixedKey => ({
  model: "DDPMpp",
  values,
  reason: `the network has no other ${what}`,
});

/** Keys of the reference with one possible value here. */
const fixedKeys: Readonly<Record<string, FixedKey>> = {
  CSV_log_dir: {
    values: ["./", ".", null],
    reason: "metrics are written to the folder of the run",
  },
  "data.split": {
    values: ["train"],
    reason: "training reads the train split; dsbm test has split=test",
  },
  "model.activation_fn": {
    model: "MLP",
    values: ["silu", "SiLU", "torch.nn.SiLU"],
    reason: "the MLP has no other activation",
  },
  "model.normalization": ofDDPMpp("normalisation", "GroupNorm"),
  "model.attention_type": ofDDPMpp("attention", "ddpm"),
  "model.conv_size": ofDDPMpp("convolutions", 3),
  "model.nonlinearity": ofDDPMpp("activation", "swish"),
  "model.conditional": ofDDPMpp("input", true),
  "model.embedding_type": ofDDPMpp("embedding of the time", "positional"),
  "model.fourier_scale": ofDDPMpp("embedding of the time", 16),
  "model.scale_by_sigma": ofDDPMpp("output", false),
};

/** Methods by the names of the reference's classes. */
const methodsOfClasses: Readonly<Record<string, string>> = {
  DBDSB: "dsbm",
  RF: "rectifiedflow",
  DSB: "dsb",
};

/** Files of checkpoint_dir, for the keys that are null. */
const startFiles: Readonly<Record<string, string>> = {
  checkpoint_b: "net_b.ckpt",
  sample_checkpoint_b: "sample_net_b.ckpt",
  optimizer_checkpoint_b: "optimizer_b.ckpt",
};

/** Options of the reference implementation that change nothing here. */
export const unusedKeys: readonly string[] = Object.keys(unusedReasons);

/** Options of the reference that are no options here. */
export const referenceKeys: readonly string[] = [
  ...unusedKeys,
  ...Object.keys(fixedKeys),
  "checkpoint_dir",
  "Method",
  "Model",
];

/**
 * Removes the keys of the reference from a tree, in place. Returns a line for each key without effect.
 * @throws {ConfigError} "value" with a line for each impossible value.
 */
export function takeReferenceKeys(tree: Tree): string[] {
  const taken = (key: string): Value | undefined => {
    const value = getPath(tree, key);
    deletePath(tree, key);
    return value;
  };
  const network = getPath(tree, "model.name") ?? null;
  const problems: string[] = [];
  for (const [key, { values, reason, model }] of Object.entries(fixedKeys)) {
    const value = model === undefined || model === network ? taken(key) : undefined;
    if (value === undefined || values.includes(value)) continue;
    const standard = printValue(values[0] ?? null);
    problems.push(
      `${key}=${printValue(value)} is not possible: ${reason}; write ${key}=${standard} or leave it out`,
    );
  }
  const agree = (key: string, group: string, chosen: Value, meant: (value: string) => Value) => {
    const value = taken(key);
    if (value === undefined || (typeof value === "string" && meant(value) === chosen)) return;
    problems.push(
      `${key}=${printValue(value)} does not agree with ${group}=${printValue(chosen)}: choose with ${group}=… alone`,
    );
  };
  agree("Method", "method", tree.method ?? null, (name) => methodsOfClasses[name] ?? name);
  agree("Model", "model", network, (name) => name);
  const starts = taken("checkpoint_dir") ?? null;
  if (starts !== null)
    for (const [key, name] of Object.entries(startFiles)) tree[key] ??= `${starts}/${name}`;
  if (problems.length > 0) throw new ConfigError(problems, "value");
  return unusedKeys.flatMap((key) => {
    const value = taken(key);
    return value === undefined
      ? []
      : [`${key}=${printValue(value)} changes nothing: ${unusedReasons[key]}`];
  });
}
