// Presets are YAML files, and every run writes its resolved configuration as one: what is written here is read back as
// the same values.

import { Document, isScalar, isSeq, parseDocument, visit } from "yaml";
import { ConfigError } from "../errors.js";
import { isTree, type Tree } from "../words/value.js";
import { merge } from "./tree.js";

/**
 * Parses YAML 1.2 text (JSON is a part of it) into a plain mapping; empty text is an empty mapping.
 * `source` names the file in messages. Throws ConfigError "yaml" with line and column.
 */
export function readYaml(text: string, source = "the text"): Tree {
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const place = error.linePos?.[0];
    const where = place === undefined ? "" : `:${place.line}:${place.col}`;
    const what = error.message.split(/ at line |\n/, 1)[0];
    throw new ConfigError("yaml", `${source}${where} is not valid YAML: ${what}`, { cause: error });
  }
  const value = toPlain(document, source);
  if (value === null || value === undefined) return {};
  if (!isTree(value)) {
    throw new ConfigError("yaml", `${source}: expected "key: value" lines, got a list or a scalar`);
  }
  return merge({}, value);
}

function toPlain(document: Document, source: string): unknown {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // yaml throws a ReferenceError for aliases that lead nowhere or multiply without end.
    if (!(error instanceof ReferenceError)) throw error;
    throw new ConfigError("yaml", `${source}: ${error.message}`, { cause: error });
  }
  if (holdsItself(value))
    throw new ConfigError(
      "yaml",
      `${source}: an alias (*name) stands within what it names (&name): write the value out`,
    );
  return value;
}

function holdsItself(value: unknown, above: readonly unknown[] = []): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (above.includes(value)) return true;
  const path = [...above, value];
  return Object.values(value).some((inner) => holdsItself(inner, path));
}

/** Writes a plain mapping as YAML, short lists on one line; readYaml gives the same values back. */
export function writeYaml(tree: object): string {
  const document = new Document(tree, { aliasDuplicateObjects: false });
  visit(document, {
    Seq(_, node) {
      if (isSeq(node)) node.flow = node.items.every((item) => isScalar(item));
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}
