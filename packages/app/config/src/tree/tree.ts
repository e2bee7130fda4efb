import { ConfigError, quote } from "../errors.js";
import { isTree, type Overrides, printValue, type Tree, type Value } from "../text/value.js";

/**
 * Returns the values of a tree, or of an object, by their dotted keys. Lists stay whole; undefined
 * is dropped.
 */
export function flatten(tree: object, above = ""): Overrides {
  const pairs = Object.entries(tree).flatMap(([key, value]): [string, Value][] => {
    const path = above + key;
    if (isTree(value)) return Object.entries(flatten(value, `${path}.`));
    return value === undefined ? [] : [[path, value as Value]];
  });
  return Object.fromEntries(pairs);
}

/**
 * Returns a copy of `base` with `over` on top: mappings merge, everything else replaces. Throws
 * ConfigError "value" for a path through a scalar.
 */
export function merge(base: Tree, over: object): Tree {
  const tree = structuredClone(base);
  for (const [path, value] of Object.entries(flatten(over))) setPath(tree, path, value);
  return tree;
}

/** Returns the value at a dotted path, or undefined. */
export function getPath(tree: Tree, path: string): Value | undefined {
  let node: Value | undefined = tree;
  for (const part of path.split(".")) node = child(node, part);
  return node;
}

/** Returns the value one step below a mapping, or undefined. */
export function child(node: Value | undefined, part: string): Value | undefined {
  return isTree(node) && Object.hasOwn(node, part) ? node[part] : undefined;
}

/**
 * Sets the value at a dotted path, in place, and makes missing mappings. Throws ConfigError "value"
 * for a path through a scalar or a list, and "unknown_key" for __proto__.
 */
function setPath(tree: Tree, path: string, value: Value): void {
  const parts = path.split(".");
  const last = parts.pop() as string;
  if ([...parts, last].includes("__proto__"))
    throw new ConfigError('unknown key "__proto__": choose another name', "unknown_key");
  let node = tree;
  for (const [i, part] of parts.entries()) {
    const next = child(node, part) ?? {};
    node[part] = next;
    if (!isTree(next)) {
      const above = parts.slice(0, i + 1).join(".");
      throw new ConfigError(
        `cannot set ${quote(path)}: ${quote(above)} is ${printValue(next)}, not a group of keys`,
        "value",
      );
    }
    node = next;
  }
  node[last] = structuredClone(value);
}

export function deletePath(tree: Tree, path: string): void {
  const parts = path.split(".");
  const last = parts.pop() as string;
  const parent = parts.length === 0 ? tree : getPath(tree, parts.join("."));
  if (isTree(parent)) delete parent[last];
}
