// Finds the state dict in a checkpoint, also if other things are stored next to it.
import { firstOf } from "@dsbm/files";
import { formatError } from "../../binding/errors.js";
import { Tensor } from "../../tensor/tensor.js";
import { loadPt, type PtValue } from "./load.js";

const usualKeys = ["state_dict", "model_state_dict", "model", "net", "network", "weights"];
const parallel = "module.";

/**
 * Reads the state dict of a network from a file of torch.save: the whole file, or its only part under a usual key.
 * Tensors have the saved shapes; a prefix "module." of all names is dropped.
 * @throws like `loadPt`, and `UnknownName` for none or several.
 */
export function loadStateDict(path: string): Map<string, Tensor> {
  const file = loadPt(path);
  const tensors = findStateDict(file);
  disposeAll(file, new Set(tensors?.values()));
  if (!tensors) throw formatError("UnknownName", path, describeContent(file));
  const names = [...tensors.keys()];
  const prefix = names.every((name) => name.startsWith(parallel)) ? parallel : "";
  return new Map([...tensors].map(([name, t]) => [name.slice(prefix.length), t]));
}

function findStateDict(file: PtValue<Tensor>): Map<string, Tensor> | undefined {
  if (isStateDict(file)) return file;
  if (!(file instanceof Map)) return undefined;
  const fitting = usualKeys.map((key) => file.get(key)).filter(isStateDict);
  return fitting.length === 1 ? fitting[0] : undefined;
}

function isStateDict(value: PtValue<Tensor> | undefined): value is Map<string, Tensor> {
  if (!(value instanceof Map) || value.size === 0) return false;
  return [...value].every(([name, item]) => typeof name === "string" && item instanceof Tensor);
}

function describeContent(file: PtValue<Tensor>): string {
  const expected = `expected a dictionary of tensors by name, or one of them under ${usualKeys.join(", ")}`;
  if (!(file instanceof Map)) return `holds no dictionary: ${expected}`;
  const keys = [...file.keys()].map(String);
  return `holds no state dict, or several, but ${firstOf(keys, 8) || "nothing"}: ${expected}`;
}

function disposeAll(value: PtValue<Tensor>, kept: ReadonlySet<unknown>): void {
  if (value instanceof Tensor) {
    if (!kept.has(value)) value.dispose();
  } else if (Array.isArray(value)) {
    for (const item of value) disposeAll(item, kept);
  } else if (value instanceof Map) {
    for (const item of value.values()) disposeAll(item, kept);
  }
}
