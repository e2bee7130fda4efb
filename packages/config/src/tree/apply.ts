// Puts the words of a command line in place: key=value changes or adds (the schema finds unknown keys later), +key adds
// what must not be there yet, ~key removes what must be there.

import { ConfigError, quote } from "../errors.js";
import { suggestion } from "../nearest.js";
import { type Override, printOverride } from "../words/override.js";
import { isTree, printValue, type Tree, type Value } from "../words/value.js";
import { deletePath, getPath, setPath, treeKeys } from "./tree.js";

/**
 * Applies one override to `tree`, in place. Throws ConfigError "unknown_key", "existing_key", "value", or "sweep" for
 * an override that was not expanded.
 */
export function applyOverride(tree: Tree, override: Override): void {
  const { kind, key } = override;
  const old = getPath(tree, key);
  const value = singleValue(override);
  if (kind === "delete") remove(tree, key, old, value);
  else if (kind === "add" && old !== undefined && !(isTree(old) && isTree(value))) {
    throw new ConfigError(
      "existing_key",
      `+${key} adds a new key, but ${quote(key)} is ${printValue(old)} already: ` +
        `write ${key}=… to change it`,
    );
  } else setPath(tree, key, value as Value);
}

/** The one value of an override; throws ConfigError "sweep" when it was not expanded. */
export function singleValue(override: Override): Value | undefined {
  if (!override.sweep) return override.values[0];
  const word = quote(printOverride(override));
  throw new ConfigError("sweep", `${word} gives several values: expected one`);
}

function remove(tree: Tree, key: string, old: Value | undefined, value: Value | undefined): void {
  if (old === undefined) {
    const cure = suggestion(key, treeKeys(tree), "it is not in the configuration");
    throw new ConfigError("unknown_key", `unknown key ${quote(key)}: ${cure}`);
  }
  if (value !== undefined && printValue(old) !== printValue(value)) {
    throw new ConfigError(
      "value",
      `~${key}=${printValue(value)} removes nothing: ${quote(key)} is ${printValue(old)}; ` +
        `write ~${key} to remove it whatever it is`,
    );
  }
  deletePath(tree, key);
}
