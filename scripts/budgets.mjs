// Counts the packages: code tokens without imports, lines and files. Fails for a package above its budget in
// scripts/packages.cjs, and for packed literals. Prints by package what changed since the last release.
//   --table prints the counts, --write writes them into ARCHITECTURE.md,
//   --release [COMMIT] keeps the counts of a commit, as the release in its package.json
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { countSource } from "./gate/tokens.mjs";
import { readTree, resolveCommit } from "./gate/tree.mjs";
import { folderOf, packages } from "./packages.cjs";
import { repo } from "./setup/stamp.mjs";

const releasePath = join(repo, "scripts/gate/release.json");

/** Counts of the sources below a folder. */
function countFolder(tree, folder) {
  const files = tree
    .filter(({ file }) => file.startsWith(`${folder}/`))
    .map((unit) => ({
      file: unit.file,
      lines: unit.text.split("\n").length - 1,
      ...countSource(unit),
    }));
  const sum = (key) => files.reduce((total, file) => total + file[key], 0);
  const lines = files.map((file) => file.lines).sort((a, b) => a - b);
  return {
    tokens: sum("tokens"),
    lines: sum("lines"),
    files: files.length,
    median: lines[Math.floor(lines.length / 2)] ?? 0,
    largest: lines.at(-1) ?? 0,
    packed: files.flatMap(({ file, packed }) => packed.map((line) => `${file}:${line}`)),
  };
}

const countPackages = (tree) =>
  Object.keys(packages).map((name) => ({
    name,
    folder: folderOf(name),
    budget: packages[name].budget,
    ...countFolder(tree, `${folderOf(name)}/src`),
  }));

const total = (rows, key) => rows.reduce((sum, row) => sum + row[key], 0);
const count = (n) => n.toLocaleString("en-US");

/** The last tag that git knows, or undefined: without a tag, in a shallow clone, outside a repository. */
function lastTag() {
  try {
    const options = { cwd: repo, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    return execFileSync("git", ["describe", "--tags", "--abbrev=0"], options).trim();
  } catch {
    return undefined;
  }
}

/** What changed since the release in release.json, a line; says so if git knows a later tag. */
function changesSince(rows, release) {
  const changes = rows
    .map(({ name, tokens }) => ({ name, change: tokens - (release.tokens[name] ?? 0) }))
    .filter(({ change }) => change !== 0);
  const signed = (n) => `${n > 0 ? "+" : "−"}${count(Math.abs(n))}`;
  const gone = Object.keys(release.tokens).filter((name) => !packages[name]);
  const parts = [
    ...changes.map(({ name, change }) => `${name} ${signed(change)}`),
    ...gone.map((name) => `${name} is gone (−${count(release.tokens[name])})`),
  ];
  const before = Object.values(release.tokens).reduce((sum, tokens) => sum + tokens, 0);
  const change = total(rows, "tokens") - before;
  const tag = lastTag();
  const hint =
    tag && tag !== `v${release.version}`
      ? `\nThe last tag is ${tag}: node scripts/budgets.mjs --release ${tag}`
      : "";
  return `Since ${release.version} (${release.commit}): ${parts.length > 0 ? `${parts.join(", ")}; ${signed(change)} in all` : "no change"}.${hint}`;
}

/** Keeps the counts of a commit as a release. */
function writeRelease(name) {
  const commit = resolveCommit(name);
  if (!commit) throw new Error(`--release ${name}: git knows no such commit; fetch it first`);
  const manifest = execFileSync("git", ["show", `${commit}:package.json`], { cwd: repo });
  const tokens = {};
  for (const unit of readTree(commit)) {
    // By name: a package may have been in another group.
    const name = unit.file.match(/^packages\/\w+\/(\w+)\/src\//)?.[1];
    if (name) tokens[name] = (tokens[name] ?? 0) + countSource(unit).tokens;
  }
  const release = { version: JSON.parse(manifest).version, commit, tokens };
  writeFileSync(releasePath, `${JSON.stringify(release, null, 2)}\n`);
}

function tableOf(rows) {
  const heads = ["tokens", "budget", "lines", "files", "median", "largest"];
  return [
    `| package | ${heads.join(" | ")} |`,
    `| --- | ${heads.map(() => "---").join(" | ")} |`,
    ...rows.map(
      (row) => `| \`${row.folder}\` | ${heads.map((head) => count(row[head])).join(" | ")} |`,
    ),
  ].join("\n");
}

function writeTable(table, sums) {
  const file = join(repo, "ARCHITECTURE.md");
  const [before, , after] = readFileSync(file, "utf8").split(
    /(?<=<!-- counts.*-->\n)|(?=<!-- end of counts -->)/,
  );
  writeFileSync(file, `${before}${table}\n\n${sums}\n${after}`);
}

function main(args) {
  if (args[0] === "--release") writeRelease(args[1] ?? "HEAD");
  const rows = countPackages(readTree());
  const packed = rows.flatMap((row) => row.packed);
  const sums = `All of src: ${count(total(rows, "tokens"))} tokens without imports, ${count(total(rows, "lines"))} lines, ${total(rows, "files")} files.`;
  if (args.includes("--table")) console.log(`${tableOf(rows)}\n`);
  if (args.includes("--write")) writeTable(tableOf(rows), sums);
  console.log(sums);
  console.log(changesSince(rows, JSON.parse(readFileSync(releasePath, "utf8"))));
  const problems = rows
    .filter(({ tokens, budget }) => tokens > budget)
    .map(
      ({ name, tokens, budget }) =>
        `${name} has ${count(tokens)} tokens of ${count(budget)}: look for code that another place has already; else raise its budget (scripts/packages.cjs), with the reason in the commit`,
    );
  for (const place of packed)
    problems.push(`${place}: a packed literal: give each element its name`);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

main(process.argv.slice(2));
