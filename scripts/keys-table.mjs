// Writes the tables of docs/keys.md: of every key its default and meaning, from the schemas, and where
// it is tested, which is written by hand and kept. `--check` compares instead of writing: every
// key has a row and no row is without a key, all cells are filled, and the test files are there.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import {
  fit,
  gaussian,
  helpEntries,
  launcherSchema,
  resolve,
  test,
  train,
} from "../packages/app/config/dist/index.js";
import { repo } from "./setup/stamp.mjs";

const target = join(repo, "docs", "keys.md");
const HEAD = "| key | default | meaning | tested in |\n| --- | --- | --- | --- |";

/** The tables in order: [heading, entries]. */
function tables() {
  const all = helpEntries(train.schema);
  const trainKeys = new Set(all.map(({ key }) => key));
  const networks = train.schema.shape.model.unwrap().options.map((network) => {
    const entries = helpEntries(network).map((entry) => ({ ...entry, key: `model.${entry.key}` }));
    const { value: name } = network.shape.name;
    return [`network ${name}`, entries.map((e) => named(e, name))];
  });
  const sections = Object.entries(train.sections).flatMap(([title, keys]) =>
    title === "network"
      ? networks
      : [[title, all.filter(({ key }) => keys.includes(key.split(".")[0]))]],
  );
  return [
    ...sections.map(([title, entries]) => [`dsbm train: ${title}`, entries]),
    ["dsbm fit", helpEntries(fit.schema).filter(({ key }) => !trainKeys.has(key))],
    ["dsbm test", helpEntries(test.schema).filter(({ key }) => !trainKeys.has(key))],
    ["dsbm gaussian", benchmarkEntries(all)],
    ["sweeps", helpEntries(launcherSchema)],
  ];
}

/** The keys that have another name or another value in the Gaussian benchmark. */
function benchmarkEntries(all) {
  const { schema, aliases } = gaussian;
  const { values } = resolve(gaussian, ["--help"], {
    dirs: [join(repo, "packages/app/config/conf")],
  });
  const usual = new Map(all.map(({ key, default: value }) => [key, value]));
  return helpEntries(schema, { values, aliases }).filter(
    ({ key, default: value }) => usual.get(key) !== value,
  );
}

/** The constant that names a network is no default, but what its preset says. */
function named(entry, name) {
  return entry.key === "model.name" ? { ...entry, default: name, meaning: "network" } : entry;
}

const cell = (text) => text.replaceAll("|", "\\|");
const start = ({ key, default: value, meaning }) =>
  `| \`${key}\` | \`${cell(value)}\` | ${cell(meaning)} |`;

/** The rows of the file by heading and key: the whole line and its last cell. */
function readRows(text) {
  const rows = new Map();
  let heading = "";
  for (const line of text.split("\n")) {
    heading = /^## (.+)$/.exec(line)?.[1] ?? heading;
    const cells = line.split(/(?<!\\)\|/).map((part) => part.trim());
    const key = /^`([^`]+)`$/.exec(cells[1] ?? "")?.[1];
    if (key !== undefined) {
      rows.set(`${heading} / ${key}`, { line, tested: cells.at(-2) ?? "" });
    }
  }
  return rows;
}

function write(text, rows) {
  const intro = text.split(/^## /m)[0].trimEnd();
  const sections = tables().map(([heading, entries]) => {
    const lines = entries.map((entry) => {
      const { tested = "" } = rows.get(`${heading} / ${entry.key}`) ?? {};
      return `${start(entry)} ${tested} |`;
    });
    return `## ${heading}\n\n${HEAD}\n${lines.join("\n")}`;
  });
  writeFileSync(target, `${[intro, ...sections].join("\n\n")}\n`);
}

function problemsOf(rows) {
  const problems = [];
  const known = new Set();
  for (const [heading, entries] of tables()) {
    for (const entry of entries) {
      const id = `${heading} / ${entry.key}`;
      known.add(id);
      const row = rows.get(id);
      if (row === undefined) problems.push(`${id}: no row`);
      else problems.push(...rowProblems(id, entry, row));
    }
  }
  for (const id of rows.keys()) if (!known.has(id)) problems.push(`${id}: no such key`);
  return problems;
}

function rowProblems(id, entry, { line, tested }) {
  const problems = [];
  if (!line.startsWith(start(entry))) problems.push(`${id}: default or meaning is out of date`);
  if (tested === "") problems.push(`${id}: "tested in" is empty`);
  for (const [, path] of tested.matchAll(/`([^`]+\.ts)`/g)) {
    if (!exists(path)) problems.push(`${id}: ${path} is not there`);
  }
  return problems;
}

/** Whether a file is there; * in its name stands for any letters. */
function exists(path) {
  const folder = join(repo, dirname(path));
  if (!existsSync(folder)) return false;
  const name = path.slice(path.lastIndexOf("/") + 1);
  const pattern = new RegExp(`^${name.split("*").map(literal).join(".*")}$`);
  return readdirSync(folder).some((file) => pattern.test(file));
}

function literal(text) {
  return text.replace(/[.+?^${}()[\]\\|]/g, "\\$&");
}

const text = existsSync(target) ? readFileSync(target, "utf8") : "# Configuration keys\n";
const rows = readRows(text);
if (process.argv.includes("--check")) {
  const problems = problemsOf(rows);
  for (const problem of problems) console.log(problem);
  if (problems.length > 0)
    console.log("docs/keys.md: run node scripts/keys-table.mjs, fill the rest");
  process.exitCode = problems.length > 0 ? 1 : 0;
} else {
  write(text, rows);
}
