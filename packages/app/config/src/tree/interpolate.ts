import { ConfigError } from "../errors.js";
import { isTree, printValue, type Tree, type Value } from "../text/value.js";
import { getPath } from "./tree.js";

const REFERENCE = /\$\{\s*([\w.-]+)\s*\}/g;
const MAX_DEPTH = 20;

/**
 * Returns a copy of the tree with every ${a.b} replaced. A reference alone keeps the value's type;
 * within text the value is written out. Throws ConfigError "reference" for a key that is missing or refers to itself.
 */
export function interpolate(root: Tree): Tree {
  const resolve = (node: Value, depth: number): Value => {
    if (Array.isArray(node)) return node.map((item) => resolve(item, depth));
    if (isTree(node))
      return Object.fromEntries(Object.entries(node).map(([key, v]) => [key, resolve(v, depth)]));
    if (typeof node !== "string") return node;
    const lookUp = (path: string): Value => {
      const value = getPath(root, path);
      if (value !== undefined && depth < MAX_DEPTH) return resolve(value, depth + 1);
      throw new ConfigError(
        "reference",
        `\${${path}} points nowhere, or to itself: expected a key with a value`,
      );
    };
    const whole = node.replace(REFERENCE, "") === "" ? [...node.matchAll(REFERENCE)] : [];
    if (whole.length === 1) return lookUp(whole[0]?.[1] as string);
    return node.replace(REFERENCE, (_, path: string) => {
      const value = lookUp(path);
      return typeof value === "string" ? value : printValue(value);
    });
  };
  return resolve(root, 0) as Tree;
}
