// Counts the repository: code tokens (leaves of TypeScript's syntax tree, so that packing lines
// wins nothing), lines, files and comments of each package. Fails for a package above its budget in
// scripts/packages.cjs, and for packed literals. `--table` prints the counts, `--write` writes them
// into ARCHITECTURE.md.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import ts from "typescript";
import { folderOf, limits, packages } from "./packages.cjs";
import { repo } from "./setup/stamp.mjs";

/** Hand-written sources below a folder, relative to the root; [] if the folder is missing. */
function sourcesBelow(folder) {
  if (!existsSync(join(repo, folder))) return [];
  return readdirSync(join(repo, folder), { recursive: true })
    .filter((file) => /\.(ts|tsx)$/.test(file) && !file.endsWith(".generated.ts"))
    .map((file) => `${folder}/${file}`);
}

const wordsOf = (text) => text.split(/\s+/).filter((word) => /\w/.test(word)).length;

/** A literal that is spread into its own parent, or one statement that declares several names from a literal. */
function isPacked(node) {
  if (ts.isSpreadElement(node) || ts.isSpreadAssignment(node)) {
    const inner = node.expression;
    return ts.isArrayLiteralExpression(inner) || ts.isObjectLiteralExpression(inner);
  }
  return (
    ts.isVariableDeclaration(node) &&
    ts.isArrayBindingPattern(node.name) &&
    node.initializer !== undefined &&
    ts.isArrayLiteralExpression(node.initializer)
  );
}

/** Counts one source text; `packed` are the lines of packed literals. */
export function countSource(name, text) {
  const kind = name.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, kind);
  const comments = new Map();
  const packed = [];
  let tokens = 0;
  const visit = (node) => {
    if (ts.isJSDoc(node)) return;
    for (const range of [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
    ])
      comments.set(range.pos, text.slice(range.pos, range.end));
    if (isPacked(node)) packed.push(source.getLineAndCharacterOfPosition(node.getStart()).line + 1);
    const children = node.getChildren(source);
    if (children.length === 0 && node.getWidth(source) > 0) tokens += 1;
    for (const child of children) visit(child);
  };
  visit(source);
  const words = [...comments.values()].reduce((sum, comment) => sum + wordsOf(comment), 0);
  return { tokens, words, lines: text.split("\n").length - 1, packed };
}

/** Counts of all sources below a folder. */
function countFolder(folder) {
  const files = sourcesBelow(folder).map((file) => ({
    file,
    ...countSource(file, readFileSync(join(repo, file), "utf8")),
  }));
  const sum = (key) => files.reduce((total, file) => total + file[key], 0);
  const lines = files.map((file) => file.lines).sort((a, b) => a - b);
  return {
    tokens: sum("tokens"),
    words: sum("words"),
    lines: sum("lines"),
    files: files.length,
    median: lines[Math.floor(lines.length / 2)] ?? 0,
    largest: lines.at(-1) ?? 0,
    packed: files.flatMap(({ file, packed }) => packed.map((line) => `${file}:${line}`)),
  };
}

const rows = Object.keys(packages).map((name) => ({
  name,
  folder: folderOf(name),
  budget: packages[name].budget,
  ...countFolder(`${folderOf(name)}/src`),
}));
const tests = [...Object.keys(packages).map((name) => `${folderOf(name)}/test`), "test"].map(
  countFolder,
);
const total = (list, key) => list.reduce((sum, row) => sum + row[key], 0);
const count = (n) => n.toLocaleString("en-US");

const packed = rows.flatMap((row) => row.packed);
const problems = rows
  .filter(({ tokens, budget }) => tokens > budget)
  .map(
    ({ name, tokens, budget }) =>
      `${name} has ${count(tokens)} tokens of ${count(budget)}: delete some, or move room of another package (scripts/packages.cjs)`,
  );
if (total(rows, "budget") > limits.tokens)
  problems.push(
    `the budgets are ${count(total(rows, "budget"))} tokens of ${count(limits.tokens)}`,
  );
if (packed.length > limits.packed)
  problems.push(`${packed.length} packed literals, ${limits.packed} allowed:`, ...packed);
if (total(rows, "words") > limits.commentWords)
  problems.push(
    `comments have ${count(total(rows, "words"))} words of ${count(limits.commentWords)}`,
  );
if (total(tests, "tokens") > limits.testTokens)
  problems.push(
    `tests have ${count(total(tests, "tokens"))} tokens of ${count(limits.testTokens)}`,
  );

const heads = ["package", "tokens", "budget", "lines", "files", "median", "largest", "comments"];
const table = [
  `| ${heads.join(" | ")} |`,
  `| ${heads.map(() => "---").join(" | ")} |`,
  ...rows.map((row) => {
    const numbers = [
      row.tokens,
      row.budget,
      row.lines,
      row.files,
      row.median,
      row.largest,
      row.words,
    ];
    return `| \`${row.folder}\` | ${numbers.map(count).join(" | ")} |`;
  }),
].join("\n");
const sums = `All of src: ${count(total(rows, "tokens"))} tokens, ${count(total(rows, "lines"))} lines, ${total(rows, "files")} files, ${count(total(rows, "words"))} words of comments, ${packed.length} packed literals. Tests: ${count(total(tests, "tokens"))} tokens, ${count(total(tests, "lines"))} lines.`;
if (process.argv.includes("--table")) console.log(`${table}\n`);
console.log(sums);
if (process.argv.includes("--write")) {
  const file = join(repo, "ARCHITECTURE.md");
  const [before, , after] = readFileSync(file, "utf8").split(
    /(?<=<!-- counts.*-->\n)|(?=<!-- end of counts -->)/,
  );
  writeFileSync(file, `${before}${table}\n\n${sums}\n${after}`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
