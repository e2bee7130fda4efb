// The operations on plain trees that presets and overrides need: copies, dotted paths through mappings and lists.

import { ConfigError, quote } from "../errors.js";
import { isTree, printValue, type Tree, type Value } from "../words/value.js";

/** A deep copy of `base` with `over` laid on top: mappings merge, everything else replaces. */
export function merge(base: Tree, over: Tree): Tree {
  const out: Tree = {};
  for (const [key, value] of Object.entries(base)) put(out, key, copy(value));
  for (const [key, value] of Object.entries(over)) {
    put(out, key, laid(child(out, key), value));
  }
  return out;
}

function copy(value: Value): Value {
  if (Array.isArray(value)) return value.map(copy);
  return isTree(value) ? merge({}, value) : value;
}

function put(tree: Tree, key: string, value: Value): void {
  if (key === "__proto__") {
    throw new ConfigError("unknown_key", 'unknown key "__proto__": choose another name');
  }
  tree[key] = value;
}

/** The value at a dotted path (list items by number), or undefined. */
export function getPath(tree: Tree, path: string): Value | undefined {
  let node: Value | undefined = tree;
  for (const part of path.split(".")) node = child(node, part);
  return node;
}

/** One step down from a mapping or a list, or undefined. */
export function child(node: Value | undefined, part: string): Value | undefined {
  if (Array.isArray(node)) return /^\d+$/.test(part) ? node[Number(part)] : undefined;
  return isTree(node) && Object.hasOwn(node, part) ? node[part] : undefined;
}

/**
 * Sets the value at a dotted path in place; missing mappings on the way are made, a mapping laid
 * on a mapping merges. Throws ConfigError "value" when the path leads through a scalar or beyond
 * the end of a list.
 */
export function setPath(tree: Tree, path: string, value: Value): void {
  const parts = path.split(".");
  let node: Value = tree;
  for (const [i, part] of parts.entries()) {
    const above = parts.slice(0, i).join(".");
    const old = child(node, part);
    if (!isTree(node) && !Array.isArray(node))
      throw new ConfigError(
        "value",
        `cannot set ${quote(path)}: ${quote(above)} is ${printValue(node)}, not a group of keys`,
      );
    if (Array.isArray(node) && old === undefined)
      throw new ConfigError(
        "value",
        `cannot set ${quote(path)}: the list has ${node.length} items, counted from 0`,
      );
    const next: Value = i < parts.length - 1 ? (old ?? {}) : laid(old, value);
    if (Array.isArray(node)) node[Number(part)] = next;
    else put(node, part, next);
    node = next;
  }
}

/** A value in the place of another one: two mappings merge. */
const laid = (old: Value | undefined, value: Value): Value =>
  isTree(old) && isTree(value) ? merge(old, value) : copy(value);

/** Removes the key at a dotted path in place; does nothing when it is not there. */
export function deletePath(tree: Tree, path: string): void {
  const parts = path.split(".");
  const last = parts.pop() as string;
  const parent = parts.length === 0 ? tree : getPath(tree, parts.join("."));
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (isTree(parent)) delete parent[last];
}

/** The values of a tree by their dotted keys: those of mappings one by one, lists whole. */
export function leaves(tree: object, above = ""): [key: string, value: Value | undefined][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    isTree(value) ? leaves(value, `${above}${key}.`) : [[above + key, value]],
  );
}

/** All dotted keys of a tree, mappings and their contents, in order. */
export function treeKeys(tree: Tree, above = ""): string[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const path = above + key;
    return isTree(value) ? [path, ...treeKeys(value, `${path}.`)] : [path];
  });
}
