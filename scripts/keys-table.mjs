// Writes from the schemas the tables of docs/keys.md, default and meaning of every key, and the types of the library's options,
// with their meanings for editors. `--check` compares instead of writing.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  evaluate,
  exportNetworks,
  fit,
  gaussian,
  helpEntries,
  launcherSchema,
  presetGroups,
  resolve,
  sample,
  test,
  train,
} from "../packages/app/config/dist/index.js";
import { titleOf } from "../packages/app/config/dist/schema/help.js";
import { jsonSchema } from "../packages/app/config/dist/schema/json-schema.js";
import { shapeOf } from "../packages/app/config/dist/schema/schema.js";
import { repo } from "./setup/stamp.mjs";

const target = join(repo, "docs", "keys.md");
const HEAD = "| option | meaning | default |\n| --- | --- | --- |";

const networks = train.schema.shape.model.unwrap().options;

/** The tables in order: [heading, entries]. */
function tables() {
  const all = helpEntries(train.schema);
  const trainKeys = new Set(all.map(({ key }) => key));
  const ofNetworks = networks.map((network) => {
    const entries = helpEntries(network).map((entry) => ({ ...entry, key: `model.${entry.key}` }));
    const { value: name } = network.shape.name;
    return [`network ${name}`, entries.filter(({ key }) => key !== "model.name")];
  });
  const sections = Object.keys(train.sections).flatMap((title) =>
    title === "network"
      ? ofNetworks
      : [[title, all.filter(({ key }) => titleOf(key, train.sections) === title)]],
  );
  const capitalise = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return [
    ["dsbm fit", helpEntries(fit.schema).filter(({ key }) => !trainKeys.has(key))],
    ["dsbm train, and dsbm fit", []],
    ...sections.map(([title, entries]) => [`# ${capitalise(title)}`, entries]),
    ["dsbm test", helpEntries(test.schema).filter(({ key }) => !trainKeys.has(key))],
    ["dsbm gaussian", benchmarkEntries(all)],
    ["sweeps", helpEntries(launcherSchema)],
  ];
}

/** Options of each preset with other values than usual: [group, name, entries]. */
function presetRows() {
  const valuesOf = (...overrides) => resolve(train, [...overrides, "--help"]).values;
  const changesOf = (entries, usual, place = "") => {
    const defaults = new Map(usual.map(({ key, default: value }) => [key, value]));
    return entries
      .filter(({ key, default: value }) => value !== defaults.get(key))
      .map((entry) => ({ ...entry, key: `${place}${entry.key}` }));
  };
  const ofTrain = (values) =>
    helpEntries(train.schema, values && { values }).filter(
      ({ key }) => !/^(model\.|name$|method$)/.test(key),
    );
  // A method comes with the usual dataset, whose values are not the method's.
  const usual = { dataset: ofTrain(), method: ofTrain(valuesOf()) };
  return presetGroups("train").flatMap(({ name: group, presets }) =>
    presets.map(({ name }) => {
      const values = valuesOf(`${group}=${name}`);
      const own = group in usual ? changesOf(ofTrain(values), usual[group]) : [];
      const network = networks.find(({ shape }) => shape.name.value === values.model.name);
      const ofNetwork = changesOf(
        helpEntries(network, { values: values.model }),
        helpEntries(network),
        "model.",
      );
      return [group, name, group === "method" ? own : [...own, ...ofNetwork]];
    }),
  );
}

/** The keys that have another name or another value in the Gaussian benchmark. */
function benchmarkEntries(all) {
  const { schema, aliases } = gaussian;
  const { values } = resolve(gaussian, ["--help"]);
  const usual = new Map(all.map(({ key, default: value }) => [key, value]));
  return helpEntries(schema, { values, aliases }).filter(
    ({ key, default: value }) => usual.get(key) !== value,
  );
}

const cell = (text) => text.replaceAll("|", "\\|");
const line = ({ key, default: value, meaning }) =>
  `| \`${key}\` | ${cell(meaning)} | \`${cell(value)}\` |`;
const presetLine = ([group, name, entries]) => {
  const settings = entries.map(({ key, default: value }) => `\`${key}=${cell(value)}\``);
  return `| \`${group}=${name}\` | ${settings.join(" ")} |`;
};

const intro = readFileSync(target, "utf8").split(/^## /m)[0].trimEnd();
/** A heading with its table; groups of a command begin with a sign. */
const tableText = ([heading, entries]) =>
  `##${heading.startsWith("#") ? "" : " "}${heading}${entries.length > 0 ? `\n\n${HEAD}\n${entries.map(line).join("\n")}` : ""}`;
const optionTables = tables().map(tableText);
const presetTable = `## Presets\n\n| preset | options with other values than usual |\n| --- | --- |\n${presetRows()
  .filter(([, , entries]) => entries.length > 0)
  .map(presetLine)
  .join("\n")}`;
const sections = [...optionTables, presetTable];

/** A key's values as a type. */
function typeOf(schema) {
  const { const: only, enum: values, anyOf, type, items } = schema;
  if (only !== undefined) return JSON.stringify(only);
  if (values) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(" | ");
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one })).join(" | ");
  if (type === "array") return `readonly (${typeOf(items ?? {})})[]`;
  return { integer: "number" }[type] ?? type ?? "unknown";
}

function members(schema, { indent = "  ", above = "", chosen = [] }) {
  return Object.entries(shapeOf(schema).properties ?? {}).flatMap(([key, inner]) => {
    const isGroup = inner.properties !== undefined || inner.oneOf !== undefined;
    const path = `${above}${key}`;
    const value = JSON.stringify(inner.default);
    const standard = chosen.includes(path)
      ? " Chosen from your data."
      : value === undefined
        ? ""
        : ` Default: ${value}.`;
    const type = isGroup
      ? `{\n${members(inner, { indent: `${indent}  `, above: `${path}.`, chosen }).join("\n")}\n${indent}}`
      : key === "method"
        ? "MethodName | (string & {})"
        : typeOf(inner);
    const more = key === "model" ? "string | " : "";
    const about = isGroup
      ? `Options \`${path}.KEY\` of the command line.`
      : `${inner.description ?? ""}.${standard}`.replaceAll("*/", "* /");
    return [`${indent}/** ${about} */`, `${indent}${key}?: ${more}${type} | undefined;`];
  });
}

const interfaceOf = (name, { schema, about, chosen }) =>
  `/** ${about}. */\nexport interface ${name} {\n${members(jsonSchema(schema), { chosen }).join("\n")}\n}`;

const files = {
  [target]: `${[intro, ...sections].join("\n\n")}\n`,
  [join(repo, "packages/command/cli/src/library/keys.generated.ts")]:
    `// Written by node scripts/keys-table.mjs.
// biome-ignore-all format: it is generated
import type { MethodName } from "@dsbm/bridge";

${[
  interfaceOf("FitKeys", fit),
  interfaceOf("SampleKeys", sample),
  interfaceOf("EvaluateKeys", evaluate),
  interfaceOf("ExportKeys", exportNetworks),
].join("\n\n")}
`,
};
for (const [path, expected] of Object.entries(files)) {
  if (!process.argv.includes("--check")) writeFileSync(path, expected);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== expected) {
    console.log(`${path} is out of date: run npm run tables`);
    process.exitCode = 1;
  }
}
