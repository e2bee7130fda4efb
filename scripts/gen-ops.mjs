// Writes packages/engine/torch/src/tensor/ops.generated.ts and src/binding/table.generated.ts from ops.allow and the schemas of
// the linked libtorch. `--check` compares instead of writing and fails on a difference.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { camel, identifier, parseSchema } from "./gen/schema.mjs";

process.env.UCX_MEM_EVENTS ??= "no";
process.env.UCX_ERROR_SIGNALS ??= "";
const root = fileURLToPath(new URL("..", import.meta.url));
const src = `${root}packages/engine/torch/src`;
const native = createRequire(import.meta.url)(`${root}packages/engine/torch/build/dsbm_torch.node`);

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

/** The schema of an overload: arguments without a default, arguments with a default, and the latter that take a position. */
function readOverload(name, overload, method) {
  const start = overload ? `aten::${name}.${overload}(` : `aten::${name}(`;
  const text = native.schemas(`aten::${name}`).find((schema) => schema.startsWith(start));
  if (!text) throw new Error(`${start.slice(0, -1)} is not in this libtorch`);
  const schema = parseSchema(text);
  if (method && schema.args[0]?.type !== "Tensor")
    throw new Error(`aten::${name}.${overload} has no self: mark it with !`);
  const rest = method ? schema.args.slice(1) : schema.args;
  const first = rest.findIndex((arg) => arg.keywordOnly || arg.fallback !== undefined);
  const required = first < 0 ? rest : rest.slice(0, first);
  const options = first < 0 ? [] : rest.slice(first);
  const placed = options.filter((arg) => !arg.keywordOnly);
  const constant = `op_${name}${overload ? `_${overload}` : ""}`;
  return { ...schema, positional: required, options, placed, constant };
}

const typeOf = ({ ts, optional }) => `${ts}${optional ? " | null" : ""}`;
const paramOf = (arg, mark = "") => `${identifier(camel(arg.name))}${mark}: ${typeOf(arg)}`;
/** Required arguments; `undefined` stands for an optional argument that no other follows. */
const paramsOf = (list) =>
  list.map((arg, i) => paramOf(arg, list.slice(i).every((other) => other.optional) ? "?" : ""));
const optionTypes = (list) =>
  `{ ${list.map((o) => `${camel(o.name)}?: ${typeOf(o)}`).join("; ")} }`;

/**
 * The signatures of an overload: defaults by name, the first by position and the others by name, and as many as PyTorch
 * takes by position. `width`: positions of the overload with the most required arguments.
 */
function signaturesOf({ positional, options, placed }, width) {
  if (options.length === 0) return [paramsOf(positional)];
  // "sum()" next to "sum(dim)": the missing positional argument is undefined.
  const missing = Array.from({ length: width - positional.length }, (_, i) => `_${i}?: undefined`);
  const named = [...paramsOf(positional), ...missing, `options?: ${optionTypes(options)}`];
  const counts = missing.length > 0 || placed.length === 0 ? [] : [1, placed.length];
  const byPosition = [...new Set(counts)].map((count) => {
    const [first, ...others] = placed.slice(0, count);
    const more = options.filter((o) => !placed.slice(0, count).includes(o));
    return [
      ...[...positional, first].map((arg) => paramOf(arg)),
      ...others.map((arg) => paramOf(arg, "?")),
      ...(more.length > 0 ? [`options?: ${optionTypes(more)}`] : []),
    ];
  });
  return [
    named,
    ...byPosition,
    ...(isReduction({ positional, options }) ? [byName(positional[0], options)] : []),
  ];
}

/** Whether a dimension is all that an overload requires: it may be named, too. */
const isReduction = ({ positional, options }) =>
  positional.length === 1 && positional[0].name === "dim" && options.length > 0;
const byName = (dim, options) => [`options: { dim: ${typeOf(dim)} } & ${optionTypes(options)}`];

/** An overload as an error shows it: `sum(dim, keepdim?, { dtype })`. */
function usageOf({ positional, options, placed }, ident) {
  const named = options.filter((arg) => arg.keywordOnly).map((arg) => camel(arg.name));
  const list = [
    ...positional.map((arg) => camel(arg.name)),
    ...placed.map((arg) => `${camel(arg.name)}?`),
    ...(named.length > 0 ? [`{ ${named.join(", ")} }`] : []),
  ];
  return `${ident}(${list.join(", ")})`;
}

function emit({ name, overloads, method }) {
  const letters = "abcdefgh";
  const parsed = overloads.map((overload) => readOverload(name, overload, method));
  const width = Math.max(...parsed.map((p) => p.positional.length));
  const ident = method ? camel(name) : identifier(camel(name)); // a method may be called var
  const prefix = method ? "" : "export function ";
  const signatures = parsed.flatMap((p) => {
    const result = method && /[^_]_$/.test(name) ? "this" : p.result;
    const doc = `/** aten::${p.name}${p.overload ? `.${p.overload}` : ""} */`;
    return signaturesOf(p, width).map(
      (params) => `${doc}\n${prefix}${ident}(${params.join(", ")}): ${result};`,
    );
  });
  const usage = [...new Set(parsed.map((p) => usageOf(p, ident)))].join(" or ");
  const body = parsed.map((p, i) => {
    const args = [
      ...(method ? ["this"] : []),
      ...p.positional.map((_, j) => letters[j]),
      ...p.options.map((o) => `o?.${camel(o.name)}`),
    ];
    const names = (list) => JSON.stringify(list.map((o) => camel(o.name)));
    const read = p.options.length > 0 ? "const o = " : "if (p.length > 0) ";
    const lines = `${read}optionsOf(${p.constant}_p, p); return invoke(${p.constant}, ${args.join(", ")});`;
    const isLast = i === parsed.length - 1;
    return {
      constant: `const ${p.constant} = new Op("aten::${name}", "${p.overload}");\nconst ${p.constant}_p = new Defaults("${ident}", ${JSON.stringify(usage)}, ${p.positional.length}, ${names(p.placed)}, ${names(p.options)});`,
      code: isLast ? lines : `if (${guardOf(p, parsed)}) { ${lines} }`,
    };
  });
  const named = parsed.some(isReduction)
    ? `if (isOptions(a)) { const { dim, ...more } = a; return ${method ? "this." : ""}${ident}(dim as any, more as any); }\n`
    : "";
  const params = [...letters.slice(0, width)].map((c) => `${c}?: any`);
  const code = `${prefix}${ident}(${[...params, "...p: any[]"].join(", ")}): any {\n${named}${body.map((b) => b.code).join("\n")}\n}`;
  return {
    method,
    ident,
    ops: body.map((b) => b.constant),
    code: [...signatures, code].join("\n"),
    // For calls at random: how many arguments the wrapper takes, and the names of its options.
    most: Math.max(...parsed.map((p) => p.positional.length + p.placed.length)),
    options: [...new Set(parsed.flatMap((p) => p.options.map((o) => camel(o.name))))],
  };
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
const wrappers = entries.filter(({ wrapped }) => wrapped).map(emit);
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
import { Defaults, isOptions, optionsOf } from "../binding/options.js";
import type { Generator } from "./random.js";
import type { Tensor } from "./tensor.js";

${wrappers.flatMap((m) => m.ops).join("\n")}

/** The operations of a tensor, by PyTorch's names in camelCase. */
export abstract class TensorMethods extends Handle {
${wrappers
  .filter((m) => m.method)
  .map((m) => m.code)
  .join("\n")}
}

${wrappers
  .filter((m) => !m.method)
  .map((m) => m.code)
  .join("\n")}

/** Every generated wrapper, for tests that call them all: most arguments by position, and names of options. */
export const generatedOps: readonly { name: string; method: boolean; most: number; options: readonly string[] }[] = ${JSON.stringify(wrappers.map(({ ident, method, most, options }) => ({ name: ident, method, most, options })))};
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
  `${wrappers.length} operations with wrappers, ${entries.length - wrappers.length} lines for call alone`,
);
