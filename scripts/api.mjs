// The public parts of the library. As a program it lists exported symbols without a docstring, and fails if there are any.
import { join, relative } from "node:path";
import process from "node:process";
import ts from "typescript";
import { repo } from "./setup/stamp.mjs";

/** Packages by the names that programs import. */
export const parts = {
  dsbm: "app/cli",
  "dsbm/bridge": "library/bridge",
  "dsbm/config": "app/config",
  "dsbm/data": "library/data",
  "dsbm/nets": "library/nets",
  "dsbm/runs": "app/runs",
  "dsbm/torch": "engine/torch",
  "dsbm/train": "library/train",
  "@dsbm/web": "pages/web",
};

export const entryPoint = (name) => join(repo, "packages", parts[name], "src/index.ts");

/** Exported symbols without a docstring, as FILE:LINE NAME. Namespaces need none. */
function undocumented() {
  const files = Object.keys(parts).map(entryPoint);
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
    ...{ noEmit: true, skipLibCheck: true },
  });
  const checker = program.getTypeChecker();
  const places = new Set();
  for (const file of files) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file));
    for (const exported of checker.getExportsOfModule(module)) {
      const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
      const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
      const [declaration] = symbol.declarations ?? [];
      if (!declaration || ts.isSourceFile(declaration)) continue;
      if (symbol.getDocumentationComment(checker).length > 0) continue;
      const source = declaration.getSourceFile();
      const { line } = source.getLineAndCharacterOfPosition(declaration.getStart());
      places.add(`${relative(repo, source.fileName)}:${line + 1} ${symbol.name}`);
    }
  }
  return [...places];
}

if (process.argv[1] === import.meta.filename) {
  const places = undocumented();
  for (const place of places) console.error(`no docstring: ${place}`);
  process.exitCode = places.length > 0 ? 1 : 0;
}
