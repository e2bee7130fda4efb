// Arguments that fit a schema well enough to get past the door, so that what is behind it is tried too.

/** The arguments of a schema, or its results, as texts: split at commas outside of brackets. */
export function splitArguments(text) {
  const out = [];
  let depth = 0,
    start = 0;
  for (let i = 0; i < text.length; i++) {
    if ("([".includes(text[i])) depth++;
    if (")]".includes(text[i])) depth--;
    if (text[i] === "," && depth === 0) {
      out.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  const last = text.slice(start).trim();
  if (last) out.push(last);
  return out;
}

/** Splits `aten::f.o(A a, *, B b=1) -> C` into its name, overload and the names and types of its arguments. */
export function parse(schema) {
  const [, name, overload = "", inside] = /^([\w:]+?)(?:\.(\w+))?\((.*)\) -> /.exec(schema) ?? [];
  if (!name) return null;
  const args = splitArguments(inside)
    .filter((text) => text !== "*")
    .map((text) => ({
      name: text.split(" ").at(-1).split("=")[0],
      type: text.split(" ")[0],
      optional: /=|\? /.test(text),
    }));
  return { name, overload, args };
}

/** A value for a type such as `Tensor(a!)`, `SymInt[2]?`, `ScalarType?`. */
export function argument(type, r, v, T) {
  const plain = type.replace(/\([^)]*\)/g, "");
  if (plain.endsWith("?") && r.chance(0.3)) return r.chance(0.5) ? null : undefined;
  const kind = plain.replace(/\?$/, "");
  const list = /\[(\d*)\]$/.exec(kind);
  const base = kind.replace(/\??\[\d*\]$/, "");
  const one = () => {
    if (base === "Tensor") return r.chance(0.05) && kind.includes("?[") ? null : v.tensor();
    if (base === "int" || base === "SymInt") return v.int();
    if (base === "float") return Number(v.float());
    if (base === "Scalar" || base === "number") return r.chance(0.5) ? v.int() : v.float();
    if (base === "bool") return r.chance(0.5);
    if (base === "str") return v.text();
    if (base === "ScalarType")
      return r.pick(["float32", "float64", "int64", "bool", "float16", "bfloat16", "int32"]);
    if (base === "Layout") return "strided";
    if (base === "Device") return r.pick(["cpu", "cpu", "meta", "cuda"]);
    if (base === "MemoryFormat") return r.pick(["contiguous", "channelsLast", "preserve"]);
    if (base === "Generator") return T.Generator.create(3);
    return v.strange();
  };
  if (!list) return one();
  if (base !== "Tensor" && r.chance(0.3)) return v.shape();
  return r.many(list[1] && r.chance(0.7) ? Number(list[1]) : r.below(5), one);
}
