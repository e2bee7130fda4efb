// Why: presets say "the same as that key" with ${a.b} instead of repeating a number. References
// only, resolved by looking up: there are no functions and nothing is ever evaluated.

import { ConfigError, quote } from "../errors.js";
import { suggestion } from "../nearest.js";
import { isTree, printValue, type Tree, type Value } from "../words/value.js";
import { child, treeKeys } from "./tree.js";

const REFERENCE = /\\\$\{|\$\{([^${}]*)\}/g;
const WHOLE = /^\$\{([^${}]*)\}$/;
const PATH = /^[\w-]+(?:\.[\w-]+)*$/;

/**
 * A copy of the tree with every ${a.b} replaced: alone it takes the value with its type, inside
 * text it is written out; \${ stands for a literal ${. Throws ConfigError "reference" for a key
 * that is missing or malformed, "cycle" for references that lead back to themselves.
 */
export function interpolate(tree: Tree): Tree {
  return new Resolver(tree).resolve(tree, []) as Tree;
}

class Resolver {
  private readonly done = new Map<string, Value>();
  private readonly underway: string[] = [];

  constructor(private readonly root: Tree) {}

  resolve(node: Value, path: readonly string[]): Value {
    if (Array.isArray(node)) return node.map((item, i) => this.resolve(item, [...path, `${i}`]));
    if (isTree(node)) {
      const entries = Object.entries(node);
      return Object.fromEntries(entries.map(([k, v]) => [k, this.resolve(v, [...path, k])]));
    }
    return typeof node === "string" && node.includes("${") ? this.text(node, path) : node;
  }

  private text(text: string, path: readonly string[]): Value {
    const key = path.join(".");
    const known = this.done.get(key);
    if (known !== undefined) return known;
    if (this.underway.includes(key)) {
      const loop = [...this.underway.slice(this.underway.indexOf(key)), key].join(" -> ");
      throw new ConfigError("cycle", `references go round in a circle: ${loop}`);
    }
    this.underway.push(key);
    const whole = WHOLE.exec(text)?.[1];
    const value = whole === undefined ? this.within(text, key) : this.lookUp(whole, key);
    this.underway.pop();
    this.done.set(key, value);
    return value;
  }

  private within(text: string, key: string): string {
    const out = text.replace(REFERENCE, (match, path: string | undefined) => {
      if (path === undefined) return "$\u0000{"; // an escaped ${, marked until the check below
      const value = this.lookUp(path, key);
      if (typeof value === "string") return value.replaceAll("${", "$\u0000{");
      if (typeof value !== "object" || value === null) return printValue(value);
      throw new ConfigError(
        "reference",
        `${key}: ${match} is ${printValue(value)}: expected text or a number to write into ${quote(text)}`,
      );
    });
    if (out.includes("${")) throw malformed(text, key);
    return out.replaceAll("$\u0000{", "${");
  }

  private lookUp(reference: string, key: string): Value {
    const path = reference.trim();
    if (!PATH.test(path)) throw malformed(`\${${reference}}`, key);
    let node: Value | undefined = this.root;
    let resolved = false; // below a reference that was followed everything is resolved already
    const above: string[] = [];
    for (const part of path.split(".")) {
      node = child(node, part);
      if (node === undefined) {
        const cure = suggestion(path, treeKeys(this.root), "it is not in the configuration");
        throw new ConfigError("reference", `${key}: \${${path}} points nowhere: ${cure}`);
      }
      above.push(part);
      if (!resolved && typeof node === "string" && node.includes("${")) {
        node = this.text(node, above);
        resolved = true;
      }
    }
    return resolved ? (node as Value) : this.resolve(node as Value, above);
  }
}

function malformed(text: string, key: string): ConfigError {
  return new ConfigError(
    "reference",
    `${key}: cannot read ${quote(text)}: expected a reference such as \${a.b}, or \\\${ for the characters themselves`,
  );
}
