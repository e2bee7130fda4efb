// Titles of tests, read by the rules of style: a title is a sentence about the subject.
import ts from "typescript";
import { matchesIn } from "../style.mjs";
import { rootOfCall } from "./shape.mjs";

const isTitle = (node) =>
  ts.isCallExpression(node.parent) &&
  node.parent.arguments[0] === node &&
  /^(describe|it|test)$/.test(rootOfCall(node.parent.expression));

/** Titles of `describe`, `it` and `test`: [{ line, title }]. */
function titlesOf(source) {
  const list = [];
  const visit = (node) => {
    if ((ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) && isTitle(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      list.push({ line: line + 1, title: node.getText() });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return list;
}

/** The number of titles, and the titles with a match of a rule as { file, line, name }. */
export function readTitles(tree) {
  const titles = tree
    .filter(({ file }) => file.endsWith(".test.ts"))
    .flatMap(({ file, source }) => titlesOf(source).map((title) => ({ file, ...title })));
  const silent = titles.flatMap(({ file, line, title }) => {
    const [match] = matchesIn(title);
    return match ? [{ file, line, name: `${title} ("${match.match}": ${match.rule})` }] : [];
  });
  return { parts: titles.length, silent };
}
