// Writes the tables of docs/keys.md from the schemas: default and meaning of every key. `--check` compares instead of writing.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
const HEAD = "| key | default | meaning |\n| --- | --- | --- |";

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
const line = ({ key, default: value, meaning }) =>
  `| \`${key}\` | \`${cell(value)}\` | ${cell(meaning)} |`;

const text = readFileSync(target, "utf8");
const intro = text.split(/^## /m)[0].trimEnd();
const sections = tables().map(
  ([heading, entries]) => `## ${heading}\n\n${HEAD}\n${entries.map(line).join("\n")}`,
);
const expected = `${[intro, ...sections].join("\n\n")}\n`;
if (!process.argv.includes("--check")) writeFileSync(target, expected);
else if (text !== expected) {
  console.log("docs/keys.md is out of date: run node scripts/keys-table.mjs");
  process.exitCode = 1;
}
