// Finds the state dict in a checkpoint, also if the training script has stored it beside other things.
import { Tensor } from "../../tensor/tensor.js";
import { FormatError } from "../errors.js";
import { loadPt, type PtOptions } from "./decode.js";
import type { PtKey, PtValue } from "./value.js";

/** Where checkpoints keep a network's weights beside other things. */
const usualKeys = ["state_dict", "model_state_dict", "model", "net", "network", "weights"];
/** What torch.nn.DataParallel and DistributedDataParallel put before every name. */
const parallel = "module.";

/** A state dict, and what was around it in the file. */
export interface LoadedStateDict extends Map<string, Tensor> {
  /** The key of the checkpoint under which it was; null where the file is the state dict itself. */
  readonly key: string | null;
  /** What was taken off every name: "module." or nothing. */
  readonly prefix: string;
}

/**
 * Reads the state dict of a network from a file of torch.save.
 *
 * The file is the state dict, or holds it under `key`; without `key`, under one of state_dict,
 * model_state_dict, model, net, network, weights where just one of them fits. The prefix "module." is
 * taken off where every name has it. Throws like `loadPt`, and `UnknownName` where there is no state
 * dict or more than one.
 */
export function loadStateDict(
  path: string,
  { key, limits }: PtOptions & { key?: string } = {},
): LoadedStateDict {
  const file = loadPt(path, { limits });
  let found: [string | null, Map<PtKey, PtValue<Tensor>>] | undefined;
  if (key === undefined && isStateDict(file)) {
    found = [null, file];
  } else if (file instanceof Map) {
    const keys = key === undefined ? usualKeys : [key];
    const fit = keys.flatMap((name) => {
      const value = file.get(name);
      return isStateDict(value) ? [[name, value] as [string, typeof value]] : [];
    });
    if (fit.length === 1) found = fit[0];
  }
  if (found === undefined) {
    disposeAll(file);
    throw new FormatError("UnknownName", path, whatIsThere(file, key));
  }
  const [where, tensors] = found;
  for (const [name, value] of file as Map<PtKey, PtValue<Tensor>>) {
    if (where !== null && name !== where) disposeAll(value, new Set(tensors.values()));
  }
  const names = [...tensors.keys()] as string[];
  const prefix =
    names.every((name) => name.startsWith(parallel)) && names.length > 0 ? parallel : "";
  const state = new Map(
    names.map((name) => [name.slice(prefix.length), tensors.get(name) as Tensor]),
  );
  return Object.assign(state, { key: where, prefix });
}

function isStateDict(value: PtValue<Tensor> | undefined): value is Map<string, Tensor> {
  if (!(value instanceof Map) || value.size === 0) return false;
  return [...value].every(([name, item]) => typeof name === "string" && item instanceof Tensor);
}

function whatIsThere(file: PtValue<Tensor>, key: string | undefined): string {
  const expected = "expected a dictionary of tensors by name";
  if (!(file instanceof Map)) return `holds no dictionary: ${expected}`;
  const fit = [...file].filter(([, value]) => isStateDict(value)).map(([name]) => String(name));
  const keys = [...file.keys()].map(String);
  const some = `${keys.slice(0, 8).join(", ")}${keys.length > 8 ? ", …" : ""}`;
  if (key !== undefined) return `has no state dict under ${key} among ${some}: ${expected}`;
  if (fit.length === 0) return `holds no state dict but ${some || "nothing"}: ${expected}`;
  return `holds state dicts under ${fit.join(", ")}: choose one with { key }`;
}

/** Frees the tensors that are not part of the result. */
function disposeAll(value: PtValue<Tensor>, except: ReadonlySet<unknown> = new Set()): void {
  if (value instanceof Tensor) {
    if (!except.has(value)) value.dispose();
  } else if (Array.isArray(value)) {
    for (const item of value) disposeAll(item, except);
  } else if (value instanceof Map) {
    for (const item of value.values()) disposeAll(item, except);
  }
}
