// References between keys, ${a.b}, which command lines of the reference use. They are looked up: there are no functions,
// and nothing is evaluated.

import { ConfigError, quote } from "../errors.js";
import { suggestion } from "../nearest.js";
import { isTree, printValue, type Tree, type Value } from "../words/value.js";
import { child, treeKeys } from "./tree.js";

const REFERENCE = /\\\$\{|\$\{\s*([\w-]+(?:\.[\w-]+)*)\s*\}/g;

/**
 * A copy of the tree with every ${a.b} replaced: alone it takes the value with its type, inside
 * text it is written out; \${ stands for a literal ${. Throws ConfigError "reference" for a key
 * that is missing or malformed, "cycle" for references that lead back to themselves.
 */
export function interpolate(root: Tree): Tree {
  /** A value of the tree; `trail` has the keys that are being resolved, outermost first. */
  const resolve = (node: Value, trail: readonly string[]): Value => {
    const at = trail.at(-1) ?? "";
    const inner = (key: string) => [...trail.slice(0, -1), at === "" ? key : `${at}.${key}`];
    if (Array.isArray(node)) return node.map((item, i) => resolve(item, inner(`${i}`)));
    if (isTree(node))
      return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, resolve(v, inner(k))]));
    if (typeof node !== "string" || !node.includes("${")) return node;
    if (node.replace(REFERENCE, "").includes("${")) throw malformed(node, at);
    const [whole] = node.matchAll(REFERENCE);
    if (whole?.[0] === node && whole[1] !== undefined) return lookUp(whole[1], trail);
    return node.replace(REFERENCE, (match, path: string | undefined) => {
      if (path === undefined) return "${";
      const value = lookUp(path, trail);
      if (typeof value === "string") return value;
      if (typeof value !== "object" || value === null) return printValue(value);
      throw new ConfigError(
        "reference",
        `${at}: ${match} is ${printValue(value)}: expected text or a number to write into ${quote(node)}`,
      );
    });
  };
  const lookUp = (path: string, trail: readonly string[]): Value => {
    const again = trail.findIndex((key) => key === path || key.startsWith(`${path}.`));
    if (again >= 0) {
      const loop = [...trail.slice(again), trail[again]].join(" -> ");
      throw new ConfigError("cycle", `references form a cycle: ${loop}`);
    }
    let node: Value | undefined = root;
    let resolved = false; // what a reference gave has none left
    let above = "";
    for (const part of path.split(".")) {
      node = child(node, part);
      above += above === "" ? part : `.${part}`;
      if (node === undefined) {
        const cure = suggestion(path, treeKeys(root), "it is not in the configuration");
        throw new ConfigError("reference", `${trail.at(-1)}: \${${path}} points nowhere: ${cure}`);
      }
      if (resolved || typeof node !== "string") continue;
      resolved = true;
      node = resolve(node, [...trail, above]);
    }
    return resolved ? (node as Value) : resolve(node as Value, [...trail, path]);
  };
  return resolve(root, []) as Tree;
}

function malformed(text: string, key: string): ConfigError {
  return new ConfigError(
    "reference",
    `${key}: cannot read ${quote(text)}: expected a reference such as \${a.b}, or \\\${ for the characters themselves`,
  );
}
