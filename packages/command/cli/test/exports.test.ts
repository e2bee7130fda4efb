// The list of public exports: a change of the library's face is a change of exports.txt, which a reviewer sees.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, { types: string }>;
};

/** Lines "PART name" of every sub-path of the package, values and types. */
function publicExports(): string[] {
  const entries = Object.entries(exports);
  const files = entries.map(([, { types }]) => join(root, types));
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    ...{ noEmit: true, skipLibCheck: true, types: [] },
  });
  const checker = program.getTypeChecker();
  return entries.flatMap(([path], i) => {
    const symbol = checker.getSymbolAtLocation(
      program.getSourceFile(files[i] as string) as ts.Node,
    );
    const names = checker.getExportsOfModule(symbol as ts.Symbol).map(({ name }) => name);
    return names.sort().map((name) => `${path.replace(/^\./, "dsbm")} ${name}`);
  });
}

it("the package dsbm exports the names of exports.txt and no others", async () => {
  await expect(`${publicExports().join("\n")}\n`).toMatchFileSnapshot("exports.txt");
});
