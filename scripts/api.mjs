// The public parts of the library. As a program it lists exported symbols without a docstring, and fails if there are any.
import { join, relative } from "node:path";
import process from "node:process";
import ts from "typescript";
import { repo } from "./setup/stamp.mjs";

/** Packages by the names that programs import. */
export const apiParts = {
  dsbm: "command/cli",
  "dsbm/bridge": "library/bridge",
  "dsbm/config": "app/config",
  "dsbm/data": "library/data",
  "dsbm/nets": "library/nets",
  "dsbm/runs": "app/runs",
  "dsbm/torch": "engine/torch",
  "dsbm/train": "library/train",
  "@dsbm/web": "pages/web",
};

export const entryPoint = (name) => join(repo, "packages", apiParts[name], "src/index.ts");

/** Public properties of a type and static members of a class; the schema of `config` describes its own options. */
function membersOf(symbol, checker) {
  if (!(symbol.flags & ts.SymbolFlags.Type)) return [];
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const parts = (type.isUnion() ? type.types : [type]).filter(
    (part) =>
      part.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection) &&
      !checker.isArrayLikeType(part),
  );
  const statics = [...(symbol.exports?.values() ?? [])].filter(({ name }) => name !== "prototype");
  return [...parts.flatMap((part) => checker.getPropertiesOfType(part)), ...statics].filter(
    ({ name, declarations: [declaration] = [] }) =>
      /\/packages\/(?!app\/config)[^@]+$/.test(declaration?.getSourceFile().fileName) &&
      !/^(__|#)/.test(name) &&
      !(ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.NonPublicAccessibilityModifier),
  );
}

/** The symbol, the exports of a namespace, and public members whose owner's docstring does not name them. */
function* partsOf(symbol, checker) {
  const [declaration] = symbol.declarations ?? [];
  if (!declaration) return;
  if (ts.isSourceFile(declaration)) {
    for (const one of checker.getExportsOfModule(symbol))
      yield* partsOf(originOf(one, checker), checker);
    return;
  }
  yield [symbol.name, symbol];
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  for (const member of membersOf(symbol, checker))
    if (!text.includes(`\`${member.name}\``)) yield [`${symbol.name}.${member.name}`, member];
}

const originOf = (symbol, checker) =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

/** Exported symbols and their members without a docstring, as FILE:LINE NAME. */
function undocumentedSymbols() {
  const files = Object.keys(apiParts).map(entryPoint);
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
    ...{ noEmit: true, skipLibCheck: true },
  });
  const checker = program.getTypeChecker();
  const places = new Set();
  for (const file of files)
    for (const [name, symbol] of partsOf(
      checker.getSymbolAtLocation(program.getSourceFile(file)),
      checker,
    )) {
      const isInternal = symbol.getJsDocTags().some((tag) => tag.name === "internal");
      if (isInternal || symbol.getDocumentationComment(checker).length > 0) continue;
      const [declaration] = symbol.declarations;
      const source = declaration.getSourceFile();
      const { line } = source.getLineAndCharacterOfPosition(declaration.getStart());
      places.add(`${relative(repo, source.fileName)}:${line + 1} ${name}`);
    }
  return [...places];
}

if (process.argv[1] === import.meta.filename) {
  const places = undocumentedSymbols();
  for (const place of places) console.error(`no docstring: ${place}`);
  process.exitCode = places.length > 0 ? 1 : 0;
}
