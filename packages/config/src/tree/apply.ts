// Why: an override says what is meant (change, add, force, remove); a slip in the key must never
// pass as a new setting that nothing reads.

import { ConfigError, quote } from "../errors.js";
import { suggestion } from "../nearest.js";
import { type Override, printOverride } from "../words/override.js";
import { isTree, printValue, type Tree, type Value } from "../words/value.js";
import { deletePath, getPath, setPath, treeKeys } from "./tree.js";

/**
 * Puts one override in place in `tree`. With `allowNew`, key=value may name a key that is not
 * there (for a schema that will judge it later). Throws ConfigError "unknown_key",
 * "existing_key", "value", or "sweep" for an override that was not expanded.
 */
export function applyOverride(tree: Tree, override: Override, { allowNew = false } = {}): void {
  const { kind, key } = override;
  const old = getPath(tree, key);
  const value = singleValue(override);
  if (kind === "delete") remove(tree, key, old, value);
  else if (kind === "set" && old === undefined && !allowNew) throw unknownKey(tree, key, true);
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
  if (old === undefined) throw unknownKey(tree, key, false);
  if (value !== undefined && printValue(old) !== printValue(value)) {
    throw new ConfigError(
      "value",
      `~${key}=${printValue(value)} removes nothing: ${quote(key)} is ${printValue(old)}; ` +
        `write ~${key} to remove it whatever it is`,
    );
  }
  deletePath(tree, key);
}

function unknownKey(tree: Tree, key: string, mayAdd: boolean): ConfigError {
  const add = mayAdd ? `; write +${key}=… to add it` : "";
  return new ConfigError(
    "unknown_key",
    `unknown key ${quote(key)}: ${suggestion(key, treeKeys(tree), `it is not in the configuration${add}`)}`,
  );
}
