// Mutants of a compiled file: each is one small change of the program that a test should notice.
import { readFileSync } from "node:fs";
import ts from "typescript";

const { SyntaxKind } = ts;

/** Operators and what replaces each. */
const operators = new Map([
  [SyntaxKind.LessThanToken, "<="],
  [SyntaxKind.LessThanEqualsToken, "<"],
  [SyntaxKind.GreaterThanToken, ">="],
  [SyntaxKind.GreaterThanEqualsToken, ">"],
  [SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [SyntaxKind.ExclamationEqualsEqualsToken, "==="],
  [SyntaxKind.AmpersandAmpersandToken, "||"],
  [SyntaxKind.BarBarToken, "&&"],
  [SyntaxKind.PlusToken, "-"],
  [SyntaxKind.MinusToken, "+"],
  [SyntaxKind.AsteriskToken, "/"],
  [SyntaxKind.SlashToken, "*"],
]);

/** The replacements of a node: the part of the text from `of`, and its new text. */
function changesOf(node, text) {
  const source = (one) => text.slice(one.getStart(), one.end);
  if (ts.isBinaryExpression(node)) {
    const { operatorToken: operator, left } = node;
    // A text is joined by +, and a - of texts would be noticed by any test.
    const isText = [node.left, node.right].some(
      (side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side),
    );
    if (operator.kind === SyntaxKind.QuestionQuestionToken) return [{ of: node, to: source(left) }];
    const to = operators.get(operator.kind);
    return to && !isText ? [{ of: operator, to }] : [];
  }
  if (ts.isConditionalExpression(node))
    return [
      { of: node.condition, to: "true" },
      { of: node.condition, to: "false" },
    ];
  if (ts.isIfStatement(node)) return [{ of: node.expression, to: "false" }];
  if (ts.isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken)
    return [{ of: node, to: source(node.operand) }];
  if (ts.isNumericLiteral(node)) return [{ of: node, to: `(${node.text} + 1)` }];
  if (node.kind === SyntaxKind.TrueKeyword) return [{ of: node, to: "false" }];
  if (node.kind === SyntaxKind.FalseKeyword) return [{ of: node, to: "true" }];
  return [];
}

/** Returns the mutants of a file of JavaScript: `{ file, start, end, to, line, was }`. */
export function mutantsOf(file) {
  const text = readFileSync(file, "utf8");
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const mutants = [];
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) return;
    for (const { of, to } of changesOf(node, text)) {
      const start = of.getStart();
      const line = tree.getLineAndCharacterOfPosition(start).line + 1;
      mutants.push({ file, start, end: of.end, to, line, was: text.slice(start, of.end) });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return mutants;
}
