// Writes packages/engine/torch/src/tensor/ops.generated.ts and src/binding/table.generated.ts from ops.allow and the schemas of
// the linked libtorch. `--check` compares instead of writing and fails on a difference.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { splitArguments } from "./fuzz/schema.mjs";

process.env.UCX_MEM_EVENTS ??= "no";
process.env.UCX_ERROR_SIGNALS ??= "";
const root = fileURLToPath(new URL("..", import.meta.url));
const src = `${root}packages/engine/torch/src`;
const native = createRequire(import.meta.url)(`${root}packages/engine/torch/build/dsbm_torch.node`);

const tsTypes = {
  Tensor: "Tensor",
  "Tensor[]": "readonly Tensor[]",
  "Tensor?[]": "readonly (Tensor | null)[]",
  int: "number",
  SymInt: "number",
  float: "number",
  bool: "boolean",
  str: "string",
  Scalar: "Scalar",
  number: "Scalar",
  "Scalar[]": "readonly Scalar[]",
  "int[]": "readonly number[]",
  "SymInt[]": "readonly number[]",
  "float[]": "readonly number[]",
  "bool[]": "readonly boolean[]",
  ScalarType: "DType",
  Layout: '"strided"',
  Device: "Device",
  MemoryFormat: "MemoryFormat",
  Generator: "Generator",
};
const words = new Set(["var", "in", "with", "new", "default", "function", "this"]);
const camel = (name) => name.replace(/([a-z0-9])_([a-z0-9])/g, (_, a, b) => a + b.toUpperCase());
const safe = (name) => (words.has(name) ? `${name}_` : name);

function parseArgument(text) {
  const m = /^(\S+?)(\([a-z0-9!>|* -]*\))?(\[\d*\])?(\?)?(\[\])? (\w+)(?:=(.*))?$/.exec(text);
  if (!m) throw new Error(`cannot parse the argument "${text}"`);
  let [, base, , list, optional, outerList, name, fallback] = m;
  const fixed = list && list !== "[]";
  if (base.endsWith("?")) {
    base = base.slice(0, -1);
    optional = "?";
  }
  const inner = /^(.*?)\[(\d*)\]$/.exec(base);
  let type = base;
  if (inner) type = `${inner[1]}[]`;
  else if (list) type = `${base}[]`;
  if (outerList) type = `${base}?[]`;
  const ts = tsTypes[type];
  if (!ts) throw new Error(`no TypeScript type for "${type}" in "${text}"`);
  return {
    name,
    type,
    ts: fixed || (inner && inner[2]) ? `${ts} | number` : ts,
    optional: Boolean(optional),
    fallback,
  };
}

function parseSchema(schema) {
  const m = /^aten::(\w+)(?:\.(\w+))?\((.*)\) -> (.*)$/.exec(schema);
  if (!m) throw new Error(`cannot parse the schema "${schema}"`);
  let keywordOnly = false;
  const args = [];
  for (const text of splitArguments(m[3])) {
    if (text === "*") keywordOnly = true;
    else args.push({ ...parseArgument(text), keywordOnly });
  }
  const one = (t) => {
    const plain = t
      .trim()
      .replace(/\([a-z0-9!>|* -]*\)/g, "")
      .replace(/ \w+$/, "");
    const ts = { ...tsTypes, "Tensor[]": "Tensor[]" }[plain];
    if (!ts) throw new Error(`no TypeScript type for the result "${t}" of ${schema}`);
    return ts;
  };
  const result =
    m[4] === "()"
      ? "void"
      : m[4].startsWith("(") && m[4].endsWith(")") && splitArguments(m[4].slice(1, -1)).length > 1
        ? `[${splitArguments(m[4].slice(1, -1)).map(one).join(", ")}]`
        : one(m[4]);
  return { name: m[1], overload: m[2] ?? "", args, result };
}

/** Which test tells this overload from the ones tried later: one on the first argument whose type differs. */
function guardOf(overload, all) {
  const at = Math.max(
    0,
    overload.positional.findIndex((arg, i) => all.some((o) => o.positional[i]?.type !== arg.type)),
  );
  const arg = overload.positional[at];
  const a = "abcdefgh"[at];
  if (!arg) return `${a} === undefined`;
  if (arg.type === "Tensor") return `${a} instanceof Handle`;
  if (arg.type === "Tensor[]") return `Array.isArray(${a})`;
  if (arg.type.endsWith("[]")) return `Array.isArray(${a}) || typeof ${a} === "number"`;
  return `typeof ${a} !== "object"`;
}

/** The schema of an overload, with its positional arguments and its options. */
function parseOverload({ name, method }, overload) {
  const schema = native
    .schemas(`aten::${name}`)
    .filter((s) => s.startsWith(overload ? `aten::${name}.${overload}(` : `aten::${name}(`))
    .map(parseSchema)[0];
  if (!schema) throw new Error(`aten::${name}.${overload} is not in this libtorch`);
  const rest = method ? schema.args.slice(1) : schema.args;
  if (method && schema.args[0]?.type !== "Tensor")
    throw new Error(`aten::${name}.${overload} has no self: mark it with !`);
  const positional = [];
  for (const arg of rest) {
    if (arg.keywordOnly || arg.fallback !== undefined) break;
    positional.push(arg);
  }
  return { ...schema, rest, positional, options: rest.slice(positional.length) };
}

/** The signatures that TypeScript shows, a line and its docstring each. */
function signaturesOf({ name, method }, parsed, ident, width) {
  const returns = (p) => (method && /[^_]_$/.test(name) ? "this" : p.result);
  const optionTypes = (p) =>
    p.options.map((o) => `${camel(o.name)}?: ${o.ts}${o.optional ? " | null" : ""}`).join("; ");
  return parsed.map((p) => {
    const params = p.positional.map(
      (a, i) =>
        `${safe(camel(a.name))}${a.optional && p.positional.slice(i).every((x) => x.optional) ? "?" : ""}: ${a.ts}${a.optional ? " | null" : ""}`,
    );
    if (p.options.length) {
      for (let i = p.positional.length; i < width; i++) params.push(`_${i}?: undefined`);
      params.push(`options?: { ${optionTypes(p)} }`);
    }
    const doc = `/** aten::${p.name}${p.overload ? `.${p.overload}` : ""} */`;
    return `${doc}\n${method ? "" : "export function "}${ident}(${params.join(", ")}): ${returns(p)};`;
  });
}

/** The wrapper of an operation: its overloads in TypeScript, and their operations. */
function wrapperOf(entry) {
  const { name, overloads, method } = entry;
  const letters = "abcdefgh";
  const parsed = overloads.map((overload) => parseOverload(entry, overload));
  // "sum()" next to "sum(dim)": the missing positional argument is undefined.
  const width = Math.max(...parsed.map((p) => p.positional.length));
  const ident = method ? camel(name) : safe(camel(name)); // a method may be called var
  const out = signaturesOf(entry, parsed, ident, width);
  const anyOptions = parsed.some((p) => p.options.length);
  const params = [...letters.slice(0, width)].map((c) => `${c}?: any`);
  if (anyOptions) params.push("o?: any");
  const body = parsed.map((p, i) => {
    const args = [
      ...(method ? ["this"] : []),
      ...p.positional.map((_, j) => letters[j]),
      ...p.options.map((o) => `o?.${camel(o.name)}`),
    ];
    const invoke = `return invoke(op_${name}${p.overload ? `_${p.overload}` : ""}, ${args.join(", ")});`;
    return parsed.length > 1 && i < parsed.length - 1
      ? `if (${guardOf(p, parsed)}) ${invoke}`
      : invoke;
  });
  out.push(
    `${method ? "" : "export function "}${ident}(${params.join(", ")}): any {\n${body.join("\n")}\n}`,
  );
  const ops = parsed.map(
    (p) =>
      `const op_${name}${p.overload ? `_${p.overload}` : ""} = new Op("aten::${name}", "${p.overload}");`,
  );
  return { method, ops, code: out.join("\n"), ident };
}

const entries = readFileSync(`${root}packages/engine/torch/ops.allow`, "utf8")
  .split("\n")
  .map((l) => l.trim())
  .filter((l) => l && !l.startsWith("#"))
  .map((line) => {
    const [, mark, name, list, word] = /^([!.]?)(\w+) (\S+)(?: (checked))?$/.exec(line) ?? [];
    if (!name) throw new Error(`ops.allow: cannot read the line "${line}"`);
    return {
      name,
      overloads: list.split(",").map((o) => (o === "-" ? "" : o)),
      method: mark === "",
      wrapped: mark !== ".",
      checked: word !== undefined,
    };
  })
  .sort((a, b) => (a.name < b.name ? -1 : 1));
const made = entries.filter(({ wrapped }) => wrapped).map(wrapperOf);
/** What `call` reaches, by name: the overloads and whether arguments are checked by us. */
function tableOf() {
  const table = {};
  for (const { name, overloads, checked } of entries) {
    for (const overload of overloads) {
      const known = native.schemas(`aten::${name}`);
      const start = `aten::${name}${overload && `.${overload}`}(`;
      if (!known.some((schema) => schema.startsWith(start)))
        throw new Error(`ops.allow: ${start.slice(0, -1)} is not in this libtorch`);
    }
    table[name] ??= { overloads: [], isChecked: checked };
    if (table[name].isChecked !== checked)
      throw new Error(`ops.allow: ${name} is checked in one line and not in another`);
    table[name].overloads.push(...overloads);
  }
  return table;
}

const operations = `// Generated by "npm run gen" from ops.allow and the schemas of libtorch ${native.info()[0]}. Do not edit.
// biome-ignore-all lint: generated
import { invoke, Op } from "../binding/dispatch.js";
import type { Device, DType, MemoryFormat, Scalar } from "../binding/dtype.js";
import { Handle } from "../binding/handle.js";
import type { Generator } from "./random.js";
import type { Tensor } from "./tensor.js";

${made.flatMap((m) => m.ops).join("\n")}

/** The operations of a tensor, by PyTorch's names in camelCase. */
export abstract class TensorMethods extends Handle {
${made
  .filter((m) => m.method)
  .map((m) => m.code)
  .join("\n")}
}

${made
  .filter((m) => !m.method)
  .map((m) => m.code)
  .join("\n")}

/** Every generated wrapper, for tests that call them all. */
export const generatedOps: readonly { name: string; method: boolean }[] = ${JSON.stringify(made.map((m) => ({ name: m.ident, method: m.method })))};
`;
const table = `// Generated by "npm run gen" from ops.allow. Do not edit.

/** What \`call\` reaches: an operation of aten, its overloads, and whether checks.ts checks its arguments. */
export const table: Readonly<Record<string, { overloads: readonly string[]; isChecked: boolean }>> = ${JSON.stringify(tableOf())};
`;
for (const [name, source] of [
  ["tensor/ops.generated.ts", operations],
  ["binding/table.generated.ts", table],
]) {
  const target = `${src}/${name}`;
  const formatted = execFileSync(
    "node",
    [`${root}node_modules/@biomejs/biome/bin/biome`, "format", `--stdin-file-path=${target}`],
    { input: source, cwd: root, encoding: "utf8", maxBuffer: 1 << 26 },
  );
  if (!process.argv.includes("--check")) writeFileSync(target, formatted);
  else if (readFileSync(target, "utf8") !== formatted) {
    console.error(`${name} differs from what ops.allow and this libtorch give: run npm run gen`);
    process.exit(1);
  }
}
console.log(
  `${made.length} operations with wrappers, ${entries.length - made.length} lines for call alone`,
);
