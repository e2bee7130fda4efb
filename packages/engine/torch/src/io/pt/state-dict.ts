// Finds the state dict in a checkpoint, also if other things are stored next to it.
import { firstOf } from "@dsbm/files";
import { formatError } from "../../binding/errors.js";
import { Tensor } from "../../tensor/tensor.js";
import { loadPt, type PtKey, type PtValue } from "./load.js";

const usualKeys = ["state_dict", "model_state_dict", "model", "net", "network", "weights"];
const parallel = "module.";

/** A state dict, and its place in the file. */
export interface LoadedStateDict extends Map<string, Tensor> {
  /** The key of the checkpoint that held it, or null. */
  readonly key: string | null;
  /** The dropped prefix, or "". */
  readonly prefix: string;
}

/**
 * Reads the state dict of a network from a file of torch.save: the whole file, or its part under `key` (default: the only
 * usual key that
 * fits). A prefix "module." of all names is dropped. Throws like `loadPt`, and `UnknownName` for none or several.
 */
export function loadStateDict(path: string, { key }: { key?: string } = {}): LoadedStateDict {
  const file = loadPt(path);
  const [where, tensors] = findStateDict(file, key) ?? [null, null];
  if (tensors === null) {
    disposeAll(file);
    throw formatError("UnknownName", path, describeContent(file, key));
  }
  disposeAll(file, new Set(tensors.values()));
  const names = [...tensors.keys()];
  const prefix = names.every((name) => name.startsWith(parallel)) ? parallel : "";
  const state = new Map([...tensors].map(([name, t]) => [name.slice(prefix.length), t]));
  return Object.assign(state, { key: where, prefix });
}

function findStateDict(
  file: PtValue<Tensor>,
  key: string | undefined,
): [string | null, Map<string, Tensor>] | undefined {
  if (key === undefined && isStateDict(file)) return [null, file];
  if (!(file instanceof Map)) return undefined;
  const candidates = key === undefined ? usualKeys : [key];
  const fitting = candidates.flatMap((name): [string, Map<string, Tensor>][] => {
    const value = file.get(name);
    return isStateDict(value) ? [[name, value]] : [];
  });
  return fitting.length === 1 ? fitting[0] : undefined;
}

function isStateDict(value: PtValue<Tensor> | undefined): value is Map<string, Tensor> {
  if (!(value instanceof Map) || value.size === 0) return false;
  return [...value].every(([name, item]) => typeof name === "string" && item instanceof Tensor);
}

function describeContent(file: PtValue<Tensor>, key: string | undefined): string {
  const expected = "expected a dictionary of tensors by name";
  if (!(file instanceof Map)) return `holds no dictionary: ${expected}`;
  const isFitting = ([, value]: [PtKey, PtValue<Tensor>]) => isStateDict(value);
  const fitting = [...file].filter(isFitting).map(([name]) => String(name));
  const keys = [...file.keys()].map(String);
  const some = firstOf(keys, 8);
  if (key !== undefined) return `has no state dict under ${key} among ${some}: ${expected}`;
  if (fitting.length === 0) return `holds no state dict but ${some || "nothing"}: ${expected}`;
  return `holds state dicts under ${fitting.join(", ")}: choose one with { key }`;
}

function disposeAll(value: PtValue<Tensor>, kept: ReadonlySet<unknown> = new Set()): void {
  if (value instanceof Tensor) {
    if (!kept.has(value)) value.dispose();
  } else if (Array.isArray(value)) {
    for (const item of value) disposeAll(item, kept);
  } else if (value instanceof Map) {
    for (const item of value.values()) disposeAll(item, kept);
  }
}
