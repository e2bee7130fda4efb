// Counts what a reader meets on four journeys: starting at a function, every declaration that it calls or names is
// followed through the packages, types aside. Functions of the packages in `asGiven` are used without being read. Prints
// files, lines of the declarations and uses of a declaration of another package: `node scripts/journeys.mjs [ROOT] [--files]`.
import { existsSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import ts from "typescript";

const root = resolve(process.argv[2]?.startsWith("--") ? "." : (process.argv[2] ?? "."));
/** Engine and mathematics, whose public functions a reader takes as given. */
const asGiven = new Set(["files", "torch", "bridge", "nets"]);

/**
 * Entry points of the journeys: a file below packages/, and names in it; the first existing file
 * counts.
 */
const journeys = {
  "a row of a CSV → report.html": [["cli/src/command/fit.ts", "fitCommand"]],
  "a training step": [["train/src/half-iteration.ts", null]],
  "dsbm sample": [["cli/src/command/sample.ts", "sampleCommand"]],
  "dsbm evaluate": [["cli/src/command/evaluate.ts", "evaluateCommand"]],
};

/** Folders of packages, with or without groups. */
function packageFolders(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const path = join(folder, name);
      return existsSync(join(path, "package.json")) ? [path] : packageFolders(path);
    });
}
const folders = packageFolders(join(root, "packages"));
const packageOf = (file) => folders.find((folder) => file.startsWith(`${folder}/src/`));
const nameOf = (folder) => folder.split("/").at(-1);

const sources = folders.flatMap((folder) =>
  readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join(folder, "src", file)),
);
// Packages are read from their sources, so that a declaration is at its original place.
const paths = Object.fromEntries(
  folders.flatMap((folder) => {
    const name = nameOf(folder) === "cli" ? "dsbm" : `@dsbm/${nameOf(folder)}`;
    return [[name, [join(folder, "src/index.ts")]]];
  }),
);
const program = ts.createProgram(sources, {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  jsx: ts.JsxEmit.ReactJSX,
  jsxImportSource: "preact",
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  paths,
});
const checker = program.getTypeChecker();

/** The statement or member that a reader has to read to know what a declaration does. */
function readable(node) {
  let at = node;
  while (at.parent && !ts.isSourceFile(at.parent) && !ts.isClassLike(at.parent)) at = at.parent;
  return at;
}

/**
 * The declarations of a name; for `const { name } = await import(…)` the declarations of the
 * module's member.
 */
function declarationsOf(identifier) {
  let symbol = checker.getSymbolAtLocation(identifier);
  const { parent } = identifier;
  if (ts.isBindingElement(parent) && ts.isObjectBindingPattern(parent.parent)) {
    const name = (parent.propertyName ?? parent.name).getText();
    symbol = checker.getTypeAtLocation(parent.parent).getProperty(name) ?? symbol;
  }
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  return symbol?.declarations ?? [];
}

function follow(start) {
  const seen = new Set();
  const files = new Map();
  let changes = 0;
  const queue = [...start];
  while (queue.length > 0) {
    const node = queue.pop();
    if (seen.has(node)) continue;
    seen.add(node);
    const source = node.getSourceFile();
    const own = packageOf(source.fileName);
    const count = node.getText().split("\n").length;
    files.set(source.fileName, (files.get(source.fileName) ?? 0) + count);
    const visit = (child) => {
      if (ts.isTypeNode(child) || ts.isImportDeclaration(child)) return;
      if (ts.isIdentifier(child) || ts.isPrivateIdentifier(child)) {
        for (const declaration of declarationsOf(child)) {
          const file = declaration.getSourceFile().fileName;
          const folder = packageOf(file);
          if (!folder || asGiven.has(nameOf(folder))) continue;
          if (ts.isInterfaceDeclaration(declaration) || ts.isTypeAliasDeclaration(declaration))
            continue;
          if (ts.isParameter(declaration) || ts.isPropertySignature(declaration)) continue;
          if (ts.isMethodSignature(declaration) || ts.isTypeParameterDeclaration(declaration))
            continue;
          const next = readable(declaration);
          if (seen.has(next)) continue;
          if (folder !== own) changes += 1;
          queue.push(next);
        }
      }
      ts.forEachChild(child, visit);
    };
    visit(node);
  }
  return { files, changes };
}

for (const [title, entries] of Object.entries(journeys)) {
  const start = entries.flatMap(([file, name]) => {
    const [folder, ...rest] = file.split("/");
    const at = folders.find((one) => nameOf(one) === folder);
    const source = program.getSourceFile(join(at, ...rest));
    if (!source) throw new Error(`${file} is not there: change the entry points of this script`);
    return source.statements.filter(
      (node) => name === null || new RegExp(`\\b${name}\\b`).test(node.getText().split("(")[0]),
    );
  });
  const { files, changes } = follow(start);
  const lines = [...files.values()].reduce((sum, n) => sum + n, 0);
  console.log(`${title}: ${files.size} files, ${lines} lines, ${changes} changes of package`);
  if (process.argv.includes("--files"))
    for (const [file, n] of files) console.log(`  ${relative(root, file)} ${n}`);
}
