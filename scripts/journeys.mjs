// Counts what a reader meets on four journeys. A short command runs under V8's coverage. Then every declaration that the
// entry point calls or names is followed through the packages, types and functions that did not run aside. Functions of
// the packages in `asGiven` are used without being read. Prints files, lines of the declarations and uses of a declaration
// of another package: `node scripts/journeys.mjs [ROOT] [--files]`. ROOT must be compiled.
// `--check` only looks for the files that ARCHITECTURE.md lists.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = resolve(process.argv[2]?.startsWith("--") ? "." : (process.argv[2] ?? "."));
/** Engine and mathematics, whose public functions a reader takes as given. */
const asGiven = new Set(["files", "torch", "bridge", "nets"]);

const tables = ["winter.csv", "summer.csv"].map((name) =>
  fileURLToPath(new URL(`../examples/data/${name}`, import.meta.url)),
);
const shortRun = ["n_ipf=1", "first_num_iter=5", "num_iter=5", "threads=1", "max_minutes=null"];

/** Journeys: an entry point (a file below packages/, and a name in it or all of it) and the command that runs. */
const journeys = [
  {
    title: "a row of a CSV → report.html",
    entry: ["cli/src/command/fit.ts", "fitCommand"],
    command: ["fit", ...tables, "data.exclude=river", "data.keep=id", "name=journey", ...shortRun],
  },
  { title: "a training step", entry: ["train/src/half-iteration.ts", null] },
  {
    title: "dsbm sample",
    entry: ["cli/src/command/sample.ts", "sampleCommand"],
    command: ["sample", "latest", tables[0], "out.csv"],
  },
  {
    title: "dsbm evaluate",
    entry: ["cli/src/command/evaluate.ts", "evaluateCommand"],
    command: ["evaluate", "latest"],
  },
];

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

/**
 * The files that ARCHITECTURE.md lists for each journey: package, paths below its src, the next package.
 * @throws for a file that is not there.
 */
function routesOf(text) {
  const blocks = [...text.matchAll(/^ {2}read: ((?:.+\n)+?)(?=\n|```)/gm)];
  return blocks.map(([, block]) => {
    let at;
    return block
      .split(/[\s;]+/)
      .filter(Boolean)
      .flatMap((word) => {
        const file = at && join(at, "src", `${word}.ts`);
        if (file && existsSync(file)) return [file];
        at = folders.find((folder) => nameOf(folder) === word);
        if (!at)
          throw new Error(`ARCHITECTURE.md lists ${word} for a journey: no such file or package`);
        return [];
      });
  });
}
const guide = join(root, "ARCHITECTURE.md");
const routes = existsSync(guide) ? routesOf(readFileSync(guide, "utf8")) : [];
if (process.argv.includes("--check")) {
  console.log(`ARCHITECTURE.md lists ${routes.flat().length} files for ${routes.length} journeys`);
  process.exit();
}

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

/** Runs a command; returns the names of the functions that ran in each compiled file. */
function functionsOf(command, cwd) {
  const folder = mkdtempSync(join(tmpdir(), "journey-"));
  execFileSync(process.execPath, [join(root, "node_modules/.bin/dsbm"), ...command], {
    cwd,
    env: { ...process.env, NODE_V8_COVERAGE: folder },
    stdio: ["ignore", "ignore", "ignore"],
  });
  const ran = new Map();
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, name), "utf8"));
    for (const { url, functions } of result) {
      if (!url.startsWith("file:") || !url.includes("/dist/")) continue;
      const file = fileURLToPath(url).replace("/dist/", "/src/").replace(/\.js$/, "");
      const names = ran.get(file) ?? new Set();
      ran.set(file, names);
      for (const { functionName, ranges } of functions)
        if (ranges[0].count > 0) names.add(functionName.replace(/^(get|set|static) /, ""));
    }
  }
  rmSync(folder, { recursive: true, force: true });
  return ran;
}

/** The name that V8 gives to a function, or null for functions without a name of their own. */
function functionName(node) {
  if (ts.isConstructorDeclaration(node)) return node.parent.name?.text ?? null;
  if (node.name) return node.name.text;
  const { parent } = node;
  return (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) &&
    "text" in parent.name
    ? parent.name.text
    : null;
}

/** True if one of the functions of a declaration ran, or if its file ran and it has no named function. */
function hasRun(node, ran) {
  const names = ran.get(node.getSourceFile().fileName.replace(/\.tsx?$/, ""));
  if (!names) return false;
  const functions = [];
  const visit = (child) => {
    const name = ts.isFunctionLike(child) ? functionName(child) : null;
    if (name !== null) functions.push(name);
    else ts.forEachChild(child, visit);
  };
  visit(node);
  return functions.length === 0 || functions.some((name) => names.has(name));
}

/** The declarations of a name that a reader follows: functions and values outside of `asGiven` that ran. */
const declarationsToFollow = (identifier, ran) =>
  declarationsOf(identifier)
    .filter((declaration) => {
      const folder = packageOf(declaration.getSourceFile().fileName);
      return folder && !asGiven.has(nameOf(folder)) && !isTypeOnly(declaration);
    })
    .map(readable)
    .filter((node) => hasRun(node, ran));

/** Types and parameters have no code of their own to read. */
const isTypeOnly = (node) =>
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isParameter(node) ||
  ts.isPropertySignature(node) ||
  ts.isMethodSignature(node) ||
  ts.isTypeParameterDeclaration(node);

const linesOf = (node) => node.getText().split("\n").length;

/**
 * Reads one declaration: its lines, the members that count by themselves, and the declarations that its names lead to. A
 * member of a class counts by itself, if it ran.
 */
function readDeclaration(node, ran) {
  const reading = { lines: linesOf(node), members: [], names: [] };
  const visit = (child) => {
    if (ts.isTypeNode(child) || ts.isImportDeclaration(child)) return;
    if (ts.isClassLike(child.parent) && ts.isClassElement(child) && child !== node) {
      reading.lines -= linesOf(child);
      if (hasRun(child, ran)) reading.members.push(child);
      return;
    }
    if (ts.isIdentifier(child) || ts.isPrivateIdentifier(child))
      reading.names.push(...declarationsToFollow(child, ran));
    ts.forEachChild(child, visit);
  };
  visit(node);
  return reading;
}

function follow(start, ran) {
  const seen = new Set();
  const files = new Map();
  let changes = 0;
  const queue = [...start];
  while (queue.length > 0) {
    const node = queue.pop();
    if (seen.has(node)) continue;
    seen.add(node);
    const { fileName } = node.getSourceFile();
    const { lines, members, names } = readDeclaration(node, ran);
    queue.push(...members);
    for (const next of names.filter((name) => !seen.has(name))) {
      if (packageOf(next.getSourceFile().fileName) !== packageOf(fileName)) changes += 1;
      queue.push(next);
    }
    files.set(fileName, (files.get(fileName) ?? 0) + lines);
  }
  return { files, changes };
}

const cwd = mkdtempSync(join(tmpdir(), "journeys-"));
let ran;
for (const [i, { title, entry, command }] of journeys.entries()) {
  if (command) ran = functionsOf(command, cwd);
  const [file, name] = entry;
  const [folder, ...rest] = file.split("/");
  const at = folders.find((one) => nameOf(one) === folder);
  const source = program.getSourceFile(join(at, ...rest));
  if (!source) throw new Error(`${file} is not there: change the entry points of this script`);
  const start = source.statements.filter(
    (node) => name === null || new RegExp(`\\b${name}\\b`).test(node.getText().split("(")[0]),
  );
  const { files, changes } = follow(start, ran);
  const lines = [...files.values()].reduce((sum, n) => sum + n, 0);
  const listed = routes[i] ? `; ${routes[i].length} files to read by ARCHITECTURE.md` : "";
  console.log(
    `${title}: ${files.size} files, ${lines} lines, ${changes} changes of package${listed}`,
  );
  if (process.argv.includes("--files"))
    for (const [path, n] of files) console.log(`  ${relative(root, path)} ${n}`);
}
rmSync(cwd, { recursive: true, force: true });
