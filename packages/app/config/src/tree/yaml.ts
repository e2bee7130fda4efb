import { Document, isScalar, isSeq, parse, visit } from "yaml";
import { ConfigError } from "../errors.js";
import { isTree, type Tree } from "../text/value.js";

/**
 * Reads YAML 1.2, which includes JSON, as a mapping; empty text is an empty mapping. `source` names
 * the file in messages. Throws ConfigError "yaml" with line and column.
 */
export function readYaml(text: string, source = "the text"): Tree {
  const value = parsed(text, source) ?? {};
  if (!isTree(value))
    throw new ConfigError(`${source}: expected "key: value" lines, got a list or a scalar`, "yaml");
  return value;
}

function parsed(text: string, source: string): unknown {
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    const [reason] = (error as Error).message.split(/:?\n/, 1);
    throw new ConfigError(`${source} is not valid YAML: ${reason}`, "yaml", { cause: error });
  }
}

/** Writes a mapping as YAML, lists of scalars on one line. `readYaml` returns the same values. */
export function writeYaml(tree: object): string {
  const document = new Document(tree, { aliasDuplicateObjects: false });
  visit(document, {
    Seq(_, node) {
      if (isSeq(node)) node.flow = node.items.every((item) => isScalar(item));
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}
