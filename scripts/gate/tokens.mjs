// Code tokens: leaves of TypeScript's syntax tree, so that longer lines and packed statements win nothing. Imports and
// re-exports do not count: a file that is split pays nothing for it.
import ts from "typescript";

/** A literal that is spread into its own parent, or one statement that declares several names from a literal. */
function isPacked(node) {
  if (ts.isSpreadElement(node) || ts.isSpreadAssignment(node)) {
    const inner = node.expression;
    return ts.isArrayLiteralExpression(inner) || ts.isObjectLiteralExpression(inner);
  }
  return (
    ts.isVariableDeclaration(node) &&
    ts.isArrayBindingPattern(node.name) &&
    node.initializer !== undefined &&
    ts.isArrayLiteralExpression(node.initializer)
  );
}

const isImport = (node) =>
  ts.isImportDeclaration(node) ||
  ts.isImportEqualsDeclaration(node) ||
  (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined);

/** Leaves of one source without its imports, and the lines of packed literals. */
export function countSource({ source }) {
  const packed = [];
  let tokens = 0;
  const visit = (node) => {
    if (ts.isJSDoc(node) || isImport(node)) return;
    if (isPacked(node)) packed.push(source.getLineAndCharacterOfPosition(node.getStart()).line + 1);
    const children = node.getChildren(source);
    if (children.length === 0 && node.getWidth(source) > 0) tokens += 1;
    for (const child of children) visit(child);
  };
  visit(source);
  return { tokens, packed };
}

/** Leaves of the packages' src, and of everything else. */
export function countTokens(tree) {
  const sums = { src: 0, other: 0 };
  for (const unit of tree)
    sums[/^packages\/\w+\/\w+\/src\//.test(unit.file) ? "src" : "other"] +=
      countSource(unit).tokens;
  return sums;
}
