// Shape, docstrings and names of all hand-written sources: src, bench, scripts and tests alike.
//   node scripts/gate.mjs              counts, and what is above a limit without an exception
//   node scripts/gate.mjs --list RULE  every place of a rule, with exceptions
//   node scripts/gate.mjs --write      lowers and removes exceptions (scripts/gate/exceptions.txt)
//   node scripts/gate.mjs --at COMMIT  the counts of a commit and of the work tree
import process from "node:process";
import { parseArgs } from "node:util";
import { readDocstrings } from "./gate/docstrings.mjs";
import { compareWithExceptions, readExceptions, writeShrunken } from "./gate/exceptions.mjs";
import { findBareNames } from "./gate/names.mjs";
import { limits, measureShape } from "./gate/shape.mjs";
import { readTitles } from "./gate/titles.mjs";
import { countTokens } from "./gate/tokens.mjs";
import { readTree, resolveCommit } from "./gate/tree.mjs";

/** What a rule counts, and the cure. */
const rules = {
  files: { unit: "lines", title: `files above ${limits.files} lines`, cure: "one concept a file" },
  functions: {
    unit: "lines",
    title: `functions above ${limits.functions} lines`,
    cure: "split it by its parts",
  },
  nesting: {
    unit: "levels of nesting",
    title: `functions nested above ${limits.nesting} levels`,
    cure: "give the inner loop a name",
  },
  docstrings: {
    unit: "exports or public members without docstring",
    title: "exports and public members of classes without docstring",
    cure: "say in one sentence what it is or returns",
  },
  shapes: {
    unit: "functions of tensors without shapes",
    title: "functions of tensors whose docstring names no shape",
    cure: "name the shapes of tensors, as in x [B, …]",
  },
  throws: {
    unit: "functions that throw without a word",
    title: "functions whose docstring hides that they throw",
    cure: "add `@throws {ClassOfTheError} if …`",
  },
  titles: {
    unit: "titles of tests in dialect",
    title: "titles of tests that match a rule of style.mjs",
    cure: "say in plain English what is true of the subject",
  },
  names: {
    unit: "bare name",
    title: "names of modules that are a lone adjective, quantity or participle",
    cure: "say of what: `leastShareOfSpread` instead of `least`",
  },
};

const countsByFile = (places) => {
  const counts = new Map();
  for (const { file } of places) counts.set(file, (counts.get(file) ?? 0) + 1);
  return counts;
};

/** Sizes above the limits by place for each rule, the silent parts with their lines, and how many parts there are. */
function measure(tree) {
  const documented = { ...readDocstrings(tree), titles: readTitles(tree) };
  const silent = Object.entries(documented).map(([rule, { silent }]) => [
    rule,
    countsByFile(silent),
  ]);
  return {
    sizes: { ...measureShape(tree), ...Object.fromEntries(silent), names: findBareNames(tree) },
    documented,
    tokens: countTokens(tree),
  };
}

const count = (n) => n.toLocaleString("en-US");
const isIn = (folder) => (place) =>
  folder === "src" ? /^packages\/\w+\/\w+\/src\//.test(place) : !isIn("src")(place);

/** The counts of a tree as rows of text: [title, src, other sources]. */
function countRows({ sizes, documented, tokens }) {
  const rows = [["leaves without imports", count(tokens.src), count(tokens.other)]];
  for (const [rule, { title }] of Object.entries(rules)) {
    if (documented[rule]) {
      const { parts, silent } = documented[rule];
      const percent = ((100 * silent.length) / Math.max(1, parts)).toFixed(1);
      rows.push([title, `${silent.length} of ${parts} (${percent} %)`, ""]);
      continue;
    }
    const places = [...sizes[rule].keys()];
    const [src, other] = ["src", "other"].map((folder) => places.filter(isIn(folder)).length);
    rows.push([title, String(src), String(other)]);
  }
  return rows;
}

function printCounts(columns) {
  const heads = columns.flatMap(({ name }) => [`${name}: src`, "other"]);
  const table = columns.map(({ measured }) => countRows(measured));
  const rows = table[0].map(([title], i) => [title, ...table.flatMap((part) => part[i].slice(1))]);
  const lines = [["", ...heads], ...rows];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  for (const line of lines)
    console.log(
      line
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join("  ")
        .trimEnd(),
    );
}

/** The silent parts of a file, for a message that can be followed. */
const linesIn = (documented, rule, file) =>
  (documented[rule]?.silent ?? [])
    .filter((part) => part.file === file)
    .map(({ line, name }) => `${name} (line ${line})`)
    .join(", ");

function problemsOf({ sizes, documented }) {
  const exceptions = readExceptions();
  return Object.entries(rules).flatMap(([rule, { unit, cure }]) => {
    const { above, loose } = compareWithExceptions(sizes[rule], exceptions[rule] ?? {});
    return [
      ...above.map(({ place, size, allowed }) => {
        const limit = allowed ?? limits[rule] ?? 0;
        const parts = linesIn(documented, rule, place);
        return `${place}: ${size} ${unit}, at most ${limit}: ${cure}${parts && `: ${parts}`}`;
      }),
      ...loose.map(
        ({ place, recorded, size }) =>
          `${place}: the exception of ${recorded} ${unit} is more than needed (${size ?? "none"}): node scripts/gate.mjs --write`,
      ),
    ];
  });
}

function printPlaces({ sizes, documented }, rule) {
  if (documented[rule])
    for (const { file, line, name } of documented[rule].silent)
      console.log(`${file}:${line}: ${name}`);
  else for (const [place, size] of sizes[rule] ?? []) console.log(`${size}\t${place}`);
}

function main() {
  const { values } = parseArgs({
    options: { list: { type: "string" }, write: { type: "boolean" }, at: { type: "string" } },
  });
  const measured = measure(readTree());
  if (values.list) return printPlaces(measured, values.list);
  if (values.write) writeShrunken(measured.sizes);
  const columns = [{ name: "here", measured }];
  if (values.at) {
    const commit = resolveCommit(values.at);
    if (!commit) throw new Error(`--at ${values.at}: git knows no such commit; fetch it first`);
    columns.unshift({ name: commit, measured: measure(readTree(commit)) });
  }
  printCounts(columns);
  const problems = problemsOf(measured);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

main();
