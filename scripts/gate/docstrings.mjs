// What exports of the packages say of themselves: a docstring, shapes of tensors, errors.
import ts from "typescript";

const isPackageSource = (file) => /^packages\/\w+\/\w+\/src\//.test(file);
const hasModifier = (node, kind) => node.modifiers?.some((modifier) => modifier.kind === kind);
const isExported = (node) => hasModifier(node, ts.SyntaxKind.ExportKeyword);

/** Lists of the items with one key, in order. */
function groupsBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups];
}

/** Text of the docstring of a declaration, with its tags; "" if it has none. */
function docstringOf(node) {
  const holder = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return (holder.jsDoc ?? []).map((doc) => doc.getText()).join("\n");
}

/** The function that a declaration is or holds. */
function functionOf(node) {
  if (ts.isFunctionLike(node)) return node;
  const value = node.initializer;
  return value && (ts.isArrowFunction(value) || ts.isFunctionExpression(value)) ? value : undefined;
}

/** The interfaces, classes and type literals of the tree by name: { members, parents }. */
function typesOf(tree) {
  const types = new Map();
  const add = (name, members, clauses) => {
    const type = types.get(name) ?? { members: new Set(), parents: [] };
    for (const member of members) if (member.name) type.members.add(member.name.getText());
    for (const clause of clauses ?? [])
      type.parents.push(...clause.types.map((parent) => parentName(parent)));
    types.set(name, type);
  };
  for (const { source } of tree)
    for (const node of source.statements) {
      if (ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node))
        add(node.name?.text, node.members, node.heritageClauses);
      if (ts.isTypeAliasDeclaration(node) && ts.isTypeLiteralNode(node.type))
        add(node.name.text, node.type.members);
    }
  return types;
}

/** The last name of `nn.Module`. */
const parentName = (type) => type.expression.getText().split(".").at(-1);

/** Names of the types that a type of this name extends or implements, by any way. */
function ancestorsOf(name, types, seen = new Set()) {
  for (const parent of types.get(name)?.parents ?? [])
    if (!seen.has(parent)) ancestorsOf(parent, types, seen.add(parent));
  return seen;
}

const isPublic = (member) =>
  member.name &&
  !ts.isPrivateIdentifier(member.name) &&
  !hasModifier(member, ts.SyntaxKind.PrivateKeyword) &&
  !hasModifier(member, ts.SyntaxKind.ProtectedKeyword);

/**
 * The public members of a class: { name, node, text, isInherited }. The owner of an inherited member describes it. A name in
 * backquotes in the docstring of the class describes a member. Layers of a network need no docstring: their fields have
 * the names of checkpoints.
 */
function* membersOf({ name, node, text }, types) {
  const ancestors = ancestorsOf(name, types);
  const inherited = [...ancestors].flatMap((parent) => [...(types.get(parent)?.members ?? [])]);
  const isNetwork = ancestors.has("Module");
  const members = groupsBy(node.members.filter(isPublic), (member) => member.name.getText());
  for (const [member, nodes] of members) {
    if (/^(\[Symbol\.\w+\]|dispose|toString|toJSON)$/.test(member)) continue;
    if (isNetwork && ts.isPropertyDeclaration(nodes[0])) continue;
    const own = nodes.map(docstringOf).join("");
    yield {
      name: `${name}.${member}`,
      node: nodes.at(-1),
      text: own || (text.includes(`\`${member}\``) ? text : ""),
      isInherited:
        inherited.includes(member) || hasModifier(nodes[0], ts.SyntaxKind.OverrideKeyword),
    };
  }
}

/** Exported declarations of a file: [{ name, node }]; names of a list `export { a, b }` too, overloads once. */
function exportsOf(source) {
  const declared = [];
  const listed = new Set();
  for (const node of source.statements) {
    if (ts.isExportDeclaration(node) && !node.moduleSpecifier && node.exportClause)
      for (const { name, propertyName } of node.exportClause.elements)
        listed.add((propertyName ?? name).text);
    const parts = ts.isVariableStatement(node) ? node.declarationList.declarations : [node];
    for (const part of parts)
      if (part.name && !ts.isModuleDeclaration(part))
        declared.push({ name: part.name.getText(), node: part, isExported: isExported(node) });
  }
  const exported = declared.filter((part) => part.isExported || listed.has(part.name));
  return groupsBy(exported, ({ name }) => name).map(([name, parts]) => ({
    name,
    node: parts.at(-1).node,
    text: parts.map((part) => docstringOf(part.node)).join(""),
  }));
}

/** Whether a tensor is among the types of the parameters or of the result, as they are written. */
function handlesTensors(node) {
  const types = [...node.parameters.map(({ type }) => type), node.type];
  return types.some((type) => type && /\bTensor\b/.test(type.getText()));
}

/** [B, …], (n, d), n×d, "shape", "scalar", "elementwise", "one a row" of a docstring. */
const namesShape = (text) =>
  /\[[\w ]*[,·×…][^\]]*\]|\[[A-Za-z\d]+\]|\([a-zA-Z]+, [a-zA-Z]+\)|\w×\w|\bshapes?\b|\bscalars?\b|element by element|elementwise|of any size/i.test(
    text,
  );

/** One form of errors: a tag of the docstring, which the pages of the API show as a part of their own. */
const saysErrors = (text) =>
  /@throws|\bthrows?\b|\brejects?\b/.test(text) && !/(^|[.:?!] )Throws /m.test(text);

/** Whether the body throws an error of its own: neither a caught error, nor an error of a function within it. */
function throwsItself(node) {
  const visit = (child) => {
    if (ts.isThrowStatement(child)) return !ts.isIdentifier(child.expression);
    if (ts.isFunctionDeclaration(child) || ts.isClassLike(child)) return false;
    return ts.forEachChild(child, visit) ?? false;
  };
  return Boolean(node.body && visit(node.body));
}

/** Every export and every public member of an exported class. */
function* describedParts(source, types) {
  for (const part of exportsOf(source)) {
    yield part;
    if (ts.isClassDeclaration(part.node)) yield* membersOf(part, types);
  }
}

/** Counts of a tree: how many parts there are for each rule, and the silent ones as { file, line, name }. */
export function readDocstrings(tree) {
  const sources = tree.filter(({ file }) => isPackageSource(file));
  const types = typesOf(sources);
  const rules = {
    docstrings: { parts: 0, silent: [] },
    shapes: { parts: 0, silent: [] },
    throws: { parts: 0, silent: [] },
  };
  const count = (rule, isSaid, place) => {
    rules[rule].parts += 1;
    if (!isSaid) rules[rule].silent.push(place);
  };
  for (const { file, source } of sources)
    for (const { name, node, text, isInherited } of describedParts(source, types)) {
      if (isInherited) continue;
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      const place = { file, line, name };
      count("docstrings", text !== "", place);
      const fn = functionOf(node);
      if (fn && handlesTensors(fn)) count("shapes", namesShape(text), place);
      if (fn && throwsItself(fn)) count("throws", saysErrors(text), place);
    }
  return rules;
}
