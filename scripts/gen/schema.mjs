// Schemas of libtorch as types of TypeScript.
import { splitArguments } from "../fuzz/schema.mjs";

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
/** A name of PyTorch in camelCase. */
export const camel = (name) =>
  name.replace(/([a-z0-9])_([a-z0-9])/g, (_, a, b) => a + b.toUpperCase());
/** A name, with an underscore if JavaScript reserves it. */
export const identifier = (name) => (words.has(name) ? `${name}_` : name);

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
    ts: fixed || inner?.[2] ? `${ts} | number` : ts,
    optional: Boolean(optional),
    fallback,
  };
}

/** A schema as PyTorch writes it: its name, overload, arguments and the type of its result. */
export function parseSchema(schema) {
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
