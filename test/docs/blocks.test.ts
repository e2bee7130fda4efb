// Every code block of every document works: programs run, TypeScript has no type errors, and
// commands resolve to configurations (or run, if a comment says so). A block that cannot run says
// why above it. The blocks of a document run in order in one folder, so that a program finds the
// output of an earlier command.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dsbm, scratch } from "../e2e/cli.js";
import { programs as runner } from "../support/programs.mjs";
import { type Block, blocksOf, commandsOf, documents, labelOf, root } from "./blocks.js";
import { checkCommand } from "./commands.js";
import { writeOwnFiles } from "./own-files.js";

const folder = scratch();
const library = runner();
afterAll(() => void library.stop());
const documentBlocks = documents().map((document) => ({ document, blocks: blocksOf(document) }));
const testedBlocks = documentBlocks
  .map(({ document, blocks }) => ({
    document,
    blocks: blocks.filter(({ marks }) => marks.skip === undefined && marks.part === undefined),
  }))
  .filter(({ blocks }) => blocks.length > 0);

const isProgram = ({ language }: Block) => ["js", "mjs", "ts"].includes(language);
const isShell = ({ language }: Block) => ["", "sh", "bash"].includes(language);
const folderOf = (document: string) => join(folder, document.replaceAll(/\W+/g, "-"));
const fileOf = ({ document, line, language }: Block) =>
  join(folderOf(document), `line-${line}.${language === "ts" ? "mts" : "mjs"}`);
const programs = testedBlocks.flatMap(({ blocks }) => blocks.filter(isProgram));

beforeAll(async () => {
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const { document } of testedBlocks) {
    mkdirSync(folderOf(document));
    await writeOwnFiles(folderOf(document));
  }
  for (const block of programs) writeFileSync(fileOf(block), block.text);
});

it("programs have no type errors", () => {
  const program = ts.createProgram(programs.map(fileOf), {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
    ...{ strict: true, noEmit: true, skipLibCheck: true, allowJs: true, checkJs: true },
  });
  const host = {
    getCurrentDirectory: () => folder,
    getCanonicalFileName: (name: string) => name,
    getNewLine: () => "\n",
  };
  expect(ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), host)).toBe("");
});

it.each(testedBlocks)("$document", { timeout: 300_000 }, async ({ blocks }) => {
  let printed = "";
  for (const block of blocks) {
    if (isProgram(block)) printed = await runProgram(block);
    else if (isShell(block)) printed = await runShell(block);
    else if (block.marks.output !== undefined)
      for (const line of block.text.split("\n"))
        expect(printed, `${block.document}:${block.line}`).toContain(labelOf(line));
  }
});

async function runProgram(block: Block) {
  const file = fileOf(block).replace(/\.mts$/, ".run.mjs");
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  if (block.language === "ts")
    writeFileSync(file, ts.transpileModule(block.text, { compilerOptions }).outputText);
  return library.run(file, folderOf(block.document));
}

/** Fits of earlier documents, by their arguments in any order: what each printed, and a copy of its runs. */
const fits = new Map<string, { stdout: string; copy: string }>();

/** Returns the output of the commands. A fit of an earlier document is copied. */
async function runShell({ document, line, text, marks }: Block) {
  let printed = "";
  for (const words of commandsOf(text)) {
    const place = `${document}:${line}: ${words.join(" ")}`;
    expect(() => checkCommand(words), place).not.toThrow();
    if (marks.run === undefined) continue;
    const more = commandsOf(marks.run).flat();
    if (words[0] === "node")
      await promisify(execFile)(process.execPath, [...words.slice(1), ...more], {
        cwd: folderOf(document),
      });
    if (words[0] !== "npx") continue;
    const args = [...words.slice(2), ...more];
    const cwd = folderOf(document);
    const runs = join(cwd, "experiments");
    const key = args.toSorted().join(" ");
    const known = fits.get(key);
    if (known) {
      if (existsSync(known.copy)) cpSync(known.copy, runs, { recursive: true });
      printed += known.stdout;
      continue;
    }
    const { code, stdout, stderr } = await dsbm(args, { cwd });
    expect(code, `${place}: ${stderr}`).toBe(0);
    if (args[0] === "fit") {
      const copy = join(folder, `fit ${fits.size}`);
      if (existsSync(runs)) cpSync(runs, copy, { recursive: true });
      fits.set(key, { stdout, copy });
    }
    printed += stdout;
  }
  return printed;
}

it("a part of a program is in its file", () => {
  for (const { document, line, text, marks } of documentBlocks.flatMap(({ blocks }) => blocks))
    if (marks.part !== undefined)
      expect(readFileSync(join(root, marks.part), "utf8"), `${document}:${line}`).toContain(text);
});

it("a skipped block says why", () => {
  const bare = documentBlocks
    .flatMap(({ blocks }) => blocks)
    .filter(({ marks }) => marks.skip !== undefined && marks.skip.length < 10);
  expect(bare.map(({ document, line }) => `${document}:${line}`)).toEqual([]);
});
