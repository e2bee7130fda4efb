// Keys of the reference implementation that have one possible value here, or none that matters. They are accepted, so
// that its command lines work, and taken out of the configuration before it is checked.

import { ConfigError } from "../errors.js";
import { deletePath, getPath } from "../tree/tree.js";
import { printValue, type Tree, type Value } from "../words/value.js";

interface ReferenceKey {
  /** The values that can be honoured, and why no other can; all of them where it is left out. */
  only?: { values: readonly Value[]; reason: string };
  /** Why the key changes nothing. */
  unused?: string;
  /** The network that it belongs to. */
  model?: "DDPMpp" | "MLP";
}

const keys: Readonly<Record<string, ReferenceKey>> = {
  num_workers: { unused: "images are decoded before training, by all processors" },
  pin_memory: { unused: "batches are views of tables that are in memory already" },
  load: { unused: "data files are read where they are, and decoded pictures are always kept" },
  run: { unused: "write seed=… for another run of the same configuration" },
  use_default_wandb_name: { unused: "the name is given to wandb sync" },
  CSV_log_dir: {
    only: { values: [null, ".", "./"], reason: "metrics are written to the folder of the run" },
    unused: "metrics are written to the folder of the run",
  },
  "data.split": {
    only: { values: ["train"], reason: "training reads the train split; dsbm test has split=test" },
  },
  "model.activation_fn": {
    model: "MLP",
    only: {
      values: ["silu", "SiLU", "torch.nn.SiLU", "swish"],
      reason: "networks of vectors have SiLU alone",
    },
  },
  "model.scale_by_sigma": {
    model: "DDPMpp",
    only: { values: [false], reason: "the output is a drift, which has no sigma to be divided by" },
  },
  "model.normalization": {
    model: "DDPMpp",
    only: { values: ["GroupNorm"], reason: "the network is built with GroupNorm alone" },
  },
  "model.nonlinearity": {
    model: "DDPMpp",
    only: { values: ["swish", "silu"], reason: "the network is built with SiLU (swish) alone" },
  },
  "model.conditional": {
    model: "DDPMpp",
    only: { values: [true], reason: "a drift depends on the time" },
  },
  "model.attention_type": {
    model: "DDPMpp",
    only: { values: ["ddpm"], reason: "there is one kind of attention" },
  },
  "model.embedding_type": {
    model: "DDPMpp",
    only: { values: ["positional"], reason: "the time is embedded by fixed frequencies alone" },
  },
  "model.fourier_scale": { model: "DDPMpp", unused: "it belongs to embedding_type=fourier" },
  "model.conv_size": {
    model: "DDPMpp",
    only: { values: [3], reason: "convolutions are 3 × 3" },
  },
};

/** The classes of the reference that `Method` names, and the method of each. */
const CLASSES: Readonly<Record<string, string>> = {
  DBDSB: "dsbm",
  DBDSB_VE: "dsbm",
  DBDSB_VP: "dsbm",
  BM: "dsbm",
  RF: "rectifiedflow",
  DSB: "dsb",
};

/** All keys that are accepted without being in the schema. */
export const referenceKeys: readonly string[] = [...Object.keys(keys), "Method", "Model"];

/** Those of them that change nothing, and name no folder. */
export const unusedKeys: readonly string[] = Object.keys(keys).filter(
  (key) => keys[key]?.unused !== undefined,
);

/**
 * Takes the keys of the reference out of a tree, in place. Returns a line for each that changes nothing. Throws
 * ConfigError "value" with a line for each value that cannot be honoured.
 */
export function takeReferenceKeys(tree: Tree): string[] {
  const notes: string[] = [];
  const problems = [...agreement(tree, "Method"), ...agreement(tree, "Model")];
  for (const [key, { only, unused, model }] of Object.entries(keys)) {
    const value = getPath(tree, key);
    if (value === undefined || (model !== undefined && model !== getPath(tree, "model.name")))
      continue;
    deletePath(tree, key);
    const given = `${key}=${printValue(value)}`;
    if (only !== undefined && !only.values.includes(value))
      problems.push(
        `${given} cannot be: ${only.reason}; write ${key}=${printValue(only.values.at(0) ?? null)} or leave it out`,
      );
    else if (unused !== undefined) notes.push(`${given} changes nothing: ${unused}`);
  }
  if (problems.length > 0) throw new ConfigError("value", problems);
  return notes;
}

/** Method and Model repeat what method=… and model=… choose: they may only say the same. */
function agreement(tree: Tree, key: "Method" | "Model"): string[] {
  const given = tree[key];
  if (given === undefined) return [];
  delete tree[key];
  const group = key.toLowerCase();
  const chosen = getPath(tree, key === "Method" ? "method" : "model.name") ?? null;
  const meant = key === "Method" && typeof given === "string" ? CLASSES[given] : given;
  if (meant === chosen) return [];
  return [
    `${key}=${printValue(given)} does not go with ${group}=${printValue(chosen)}: choose by ${group}=… alone`,
  ];
}
