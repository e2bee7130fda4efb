// The list of public exports: a change of the library's face is a change of exports.txt, which a reviewer sees.
//   node scripts/exports-table.mjs writes it; --check only compares it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import ts from "typescript";
import { repo } from "./setup/stamp.mjs";

const root = join(repo, "packages/command/cli");
const target = join(root, "test/exports.txt");

/** Lines "PART name" of every sub-path of the package dsbm, values and types. */
function publicExports() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const entries = Object.entries(exports);
  const files = entries.map(([, { types }]) => join(root, types));
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    ...{ noEmit: true, skipLibCheck: true, types: [] },
  });
  const checker = program.getTypeChecker();
  return entries.flatMap(([path], i) => {
    const names = checker
      .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(files[i])))
      .map(({ name }) => name);
    return names.sort().map((name) => `${path.replace(/^\./, "dsbm")} ${name}`);
  });
}

const exportLines = `${publicExports().join("\n")}\n`;
if (!process.argv.includes("--check")) writeFileSync(target, exportLines);
else if (readFileSync(target, "utf8") !== exportLines) {
  console.log(`${target} is out of date: run npm run tables, and look at the difference`);
  process.exitCode = 1;
}
