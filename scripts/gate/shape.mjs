// Sizes of files and functions, and the nesting of statements.
import ts from "typescript";

/** At most: lines of a file, lines of a function, levels of nested statements in a function. */
export const limits = { files: 300, functions: 60, nesting: 4 };

/** The first name of a chain of calls: `it` of `it.each(rows)("…", …)`. */
export function rootOfCall(expression) {
  if (ts.isIdentifier(expression)) return expression.text;
  if (ts.isPropertyAccessExpression(expression) || ts.isCallExpression(expression))
    return rootOfCall(expression.expression);
  return ts.isTaggedTemplateExpression(expression) ? rootOfCall(expression.tag) : "";
}

const testTitle = (node) => {
  const call = node.parent;
  if (!ts.isCallExpression(call) || !call.arguments.includes(node)) return undefined;
  const root = rootOfCall(call.expression);
  if (!/^(describe|it|test|(before|after)(All|Each))$/.test(root)) return undefined;
  const [title] = call.arguments;
  return { root, title: title === node ? root : title.getText().slice(1, -1) };
};

/** The name of a function: its own, of the assigned variable, or of the test with this body. */
function nameOf(node) {
  if (ts.isConstructorDeclaration(node)) return "constructor";
  if (node.name) return node.name.getText();
  const { parent } = node;
  const test = testTitle(node);
  if (test) return test.title;
  if (ts.isBinaryExpression(parent)) return parent.left.getText();
  if (ts.isCallExpression(parent)) return `${rootOfCall(parent.expression) || "call"}()`;
  return parent.name?.getText() ?? "default";
}

const opensLevel = (node) =>
  ts.isIterationStatement(node, false) ||
  ts.isIfStatement(node) ||
  ts.isSwitchStatement(node) ||
  ts.isTryStatement(node);

const isElseIf = (node) => ts.isIfStatement(node) && node.parent.elseStatement === node;

/**
 * Every function of a source: { name, lines, nesting }. A name begins with the enclosing functions and classes. A `describe`
 * is a container of tests, as a module is: its body is no function, but each test and hook in it is one. A function
 * within another one counts for itself and in the outer one. Nesting begins at 0 in a test and in a function that no
 * other function holds; a callback with statements is a level, `else if` is none.
 */
export function functionsOf({ source }) {
  const list = [];
  const lineOf = (position) => source.getLineAndCharacterOfPosition(position).line;
  const visit = (node, path, owner, level) => {
    if (ts.isClassLike(node)) {
      const name = [...path, node.name?.text ?? "class"];
      ts.forEachChild(node, (child) => visit(child, name, undefined, 0));
      return;
    }
    if (ts.isFunctionLike(node) && node.body) {
      const name = [...path, nameOf(node)];
      const test = testTitle(node);
      if (test?.root === "describe") {
        ts.forEachChild(node, (child) => visit(child, name, undefined, 0));
        return;
      }
      const lines = lineOf(node.getEnd()) - lineOf(node.getStart()) + 1;
      const entry = { name: name.join(" › "), lines, nesting: 0 };
      list.push(entry);
      const isInner = owner !== undefined && !test;
      const inner = isInner && ts.isBlock(node.body) ? level + 1 : isInner ? level : 0;
      const holder = isInner ? owner : entry;
      holder.nesting = Math.max(holder.nesting, inner);
      ts.forEachChild(node, (child) => visit(child, name, holder, inner));
      return;
    }
    const next = opensLevel(node) && !isElseIf(node) ? level + 1 : level;
    if (owner) owner.nesting = Math.max(owner.nesting, next);
    ts.forEachChild(node, (child) => visit(child, path, owner, next));
  };
  visit(source, [], undefined, 0);
  return list;
}

/** Lines of files, lines and nesting of functions, by `FILE` and `FILE: FUNCTION`. */
export function measureShape(tree) {
  const sizes = { files: new Map(), functions: new Map(), nesting: new Map() };
  const add = (rule, place, size) => {
    if (size > limits[rule]) sizes[rule].set(place, Math.max(size, sizes[rule].get(place) ?? 0));
  };
  for (const unit of tree) {
    add("files", unit.file, unit.text.split("\n").length - 1);
    for (const { name, lines, nesting } of functionsOf(unit)) {
      add("functions", `${unit.file}: ${name}`, lines);
      add("nesting", `${unit.file}: ${name}`, nesting);
    }
  }
  return sizes;
}
