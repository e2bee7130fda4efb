import { ConfigError, quote } from "../errors.js";
import { suggestion } from "../nearest.js";
import { isTree, printValue, type Tree, type Value } from "../text/value.js";
import { getPath, treeKeys } from "./tree.js";

const REFERENCE = /\\\$\{|\$\{\s*([\w-]+(?:\.[\w-]+)*)\s*\}/g;

/**
 * Returns a copy of the tree with every ${a.b} replaced. A reference alone keeps the value's type;
 * within text the value is written out. \${ stands for a literal ${. Throws ConfigError "reference"
 * for a missing or malformed key, and "cycle" for references in a circle.
 */
export function interpolate(root: Tree): Tree {
  /** `trail`: the keys in resolution, the outermost first. */
  const resolve = (node: Value, trail: readonly string[]): Value => {
    const at = trail.at(-1) ?? "";
    const inner = (key: string) => [...trail.slice(0, -1), at === "" ? key : `${at}.${key}`];
    if (Array.isArray(node)) return node.map((item, i) => resolve(item, inner(`${i}`)));
    if (isTree(node))
      return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, resolve(v, inner(k))]));
    if (typeof node !== "string" || !node.includes("${")) return node;
    const fail = (problem: string): never => {
      throw new ConfigError("reference", `${at}: ${problem}`);
    };
    if (node.replace(REFERENCE, "").includes("${"))
      fail(
        `cannot read ${quote(node)}: expected a reference such as \${a.b}, or \\\${ for the characters themselves`,
      );
    const [whole] = node.matchAll(REFERENCE);
    if (whole?.[0] === node && whole[1] !== undefined) return lookUp(whole[1], trail);
    return node.replace(REFERENCE, (match, path: string | undefined) => {
      if (path === undefined) return "${";
      const value = lookUp(path, trail);
      if (typeof value === "string") return value;
      if (typeof value !== "object" || value === null) return printValue(value);
      return fail(
        `${match} is ${printValue(value)}: expected text or a number to write into ${quote(node)}`,
      );
    });
  };
  const lookUp = (path: string, trail: readonly string[]): Value => {
    const again = trail.findIndex((key) => key === path || key.startsWith(`${path}.`));
    if (again >= 0) {
      const loop = [...trail.slice(again), trail[again]].join(" -> ");
      throw new ConfigError("cycle", `references form a cycle: ${loop}`);
    }
    const node = getPath(root, path);
    if (node !== undefined) return resolve(node, [...trail, path]);
    const cure = suggestion(path, treeKeys(root), "it is not in the configuration");
    throw new ConfigError("reference", `${trail.at(-1)}: \${${path}} points nowhere: ${cure}`);
  };
  return resolve(root, []) as Tree;
}
