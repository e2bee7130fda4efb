// Schemas as PyTorch writes them, read once: an operation's arguments, their defaults, and what it writes to.
import { elementNamed, elementOfCode, type ScalarNumber } from "./dtype.js";
import { fail } from "./errors.js";

/** An argument of a schema. */
export interface SchemaArgument {
  name: string;
  /** `Tensor`, `int`, `Scalar`, … of an element, for lists too. */
  type: string;
  isList: boolean;
  /** Whether elements of a list may be missing. */
  hasGaps: boolean;
  isOptional: boolean;
  /** Of int[2], which takes one number too; 0 for others. */
  size: number;
  isWritten: boolean;
  /** Undefined: there is none. */
  fallback: unknown;
}

/** A schema's name, overload and arguments, and per result the argument that it is, or −1. */
export interface Schema {
  name: string;
  overload: string;
  args: SchemaArgument[];
  aliasOf: number[];
}

function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    if ("([".includes(text[i] ?? " ")) depth++;
    if (")]".includes(text[i] ?? " ")) depth--;
    if (i < text.length && (text[i] !== "," || depth > 0)) continue;
    parts.push(text.slice(start, i).trim());
    start = i + 1;
  }
  return parts.filter((part) => part !== "" && part !== "*");
}

function defaultOf(text: string, { type, size }: SchemaArgument): unknown {
  if (text === "None") return null;
  if (text === "True" || text === "False") return text === "True";
  if (text.startsWith('"')) return text.slice(1, -1);
  if (text.startsWith("[")) return splitAtCommas(text.slice(1, -1)).map(Number);
  if (type === "ScalarType") return elementOfCode(Number(text));
  return size > 0 ? new Array<number>(size).fill(Number(text)) : Number(text);
}

function argumentOf(text: string): SchemaArgument {
  const [declared, given] = text.split(/=(.*)/s);
  const space = declared.lastIndexOf(" ");
  const name = declared.slice(space + 1);
  const plain = declared.slice(0, space);
  const [, type, gap, list, size, optional] = /^(\w+)(?:\([^)]*\))?(\?)?(\[(\d*)\])?(\?)?$/.exec(
    plain,
  ) as unknown as string[];
  const argument: SchemaArgument = {
    name,
    type: type.replace("SymInt", "int"),
    isList: list !== undefined,
    hasGaps: list !== undefined && gap !== undefined,
    isOptional: list === undefined ? gap !== undefined : optional !== undefined,
    size: Number(size || 0),
    isWritten: plain.includes("!"),
    fallback: undefined,
  };
  if (given !== undefined) argument.fallback = defaultOf(given, argument);
  return argument;
}

/** Reads `aten::f.o(A a, *, B b=1) -> C`. */
export function parseSchema(text: string): Schema {
  const [, name, overload = "", inside, results] = /^([\w:]+?)(?:\.(\w+))?\((.*)\) -> (.*)$/.exec(
    text,
  ) as unknown as string[];
  const args = splitAtCommas(inside).map(argumentOf);
  const marks = splitAtCommas(inside).map((part) => /\((\w)!\)/.exec(part)?.[1]);
  const list = results.startsWith("(") ? splitAtCommas(results.slice(1, -1)) : [results];
  const aliasOf = list.map((result) => {
    const mark = /\((\w)!\)/.exec(result)?.[1];
    return mark === undefined ? -1 : marks.indexOf(mark);
  });
  return { name, overload, args, aliasOf };
}

/** A value as an error names it. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (value === null || value === undefined) return String(value);
  if (typeof value === "number") return String(value);
  const article = typeof value === "object" ? "an" : "a";
  return `${article} ${typeof value}`;
}

const refuseValue = (value: unknown, what: string, expectation: string): never =>
  fail("ERR_TORCH_TYPE", `${what}: refuseValue ${expectation}, got ${describe(value)}`);

function fits64(value: bigint, what: string): bigint {
  if (BigInt.asIntN(64, value) !== value)
    fail("ERR_TORCH_VALUE", `${what}: the bigint does not fit 64 bits`);
  return value;
}

/**
 * An integer argument.
 * @throws {TorchError} `ERR_TORCH_TYPE`
 */
export function toInt(value: unknown, what: string): number {
  if (typeof value === "bigint") return Number(fits64(value, what));
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 2 ** 53)
    return value + 0;
  return refuseValue(value, what, "an integer");
}

/**
 * A boolean argument.
 * @throws {TorchError} `ERR_TORCH_TYPE`
 */
export const toBool = (value: unknown, what: string): boolean =>
  typeof value === "boolean" ? value : refuseValue(value, what, "true or false");

/**
 * A text.
 * @throws {TorchError} `ERR_TORCH_TYPE`
 */
export const toText = (value: unknown, what: string): string =>
  typeof value === "string" ? value : refuseValue(value, what, "a string");

function toScalar(value: unknown, what: string): ScalarNumber {
  if (typeof value === "bigint") return fits64(value, what);
  return typeof value === "number" || typeof value === "boolean"
    ? value
    : refuseValue(value, what, "a number");
}

/**
 * The place of tensors.
 * @throws {TorchError} `ERR_TORCH_VALUE` for another than cpu and meta.
 */
export function toDevice(value: unknown, what: string): "cpu" | "meta" {
  const name = toText(value, what);
  if (name === "cpu" || name === "meta") return name;
  if (/^cuda(:\d+)?$/.test(name))
    fail(
      "ERR_TORCH_VALUE",
      `${what}: device "${name}" asked for, but the portable engine has no CUDA; use "cpu", or libtorch`,
    );
  return fail(
    "ERR_TORCH_VALUE",
    `${what}: device "${name}" is not supported; refuseValue cpu, cuda, cuda:N or meta`,
  );
}

/** How handles are opened. */
export interface Doors {
  tensor(value: unknown, what: string): unknown;
  generator(value: unknown, what: string): unknown;
}

const longestList = 10_000_000;

/**
 * A list.
 * @throws {TorchError} `ERR_TORCH_TYPE` for another value and ERR_TORCH_VALUE for a very long one.
 */
export function toList<T>(value: unknown, what: string, each: (element: unknown) => T): T[] {
  if (!Array.isArray(value)) return refuseValue(value, what, "an array");
  if (value.length > longestList)
    fail("ERR_TORCH_VALUE", `${what}: an array of ${value.length} elements is too long`);
  return Array.from(value as unknown[], each);
}

function elementOf(value: unknown, arg: SchemaArgument, what: string, doors: Doors): unknown {
  switch (arg.type) {
    case "Tensor":
      return doors.tensor(value, what);
    case "int":
      return toInt(value, what);
    case "float":
      return typeof value === "number" ? value : refuseValue(value, what, "a number");
    case "bool":
      return toBool(value, what);
    case "Scalar":
      return toScalar(value, what);
    case "str":
      return toText(value, what);
    case "ScalarType":
      return elementNamed(toText(value, what), what);
    case "Device":
      return toDevice(value, what);
    case "Generator":
      return doors.generator(value, what);
    case "MemoryFormat":
      return ["contiguous", "channelsLast", "preserve"].includes(toText(value, what))
        ? value
        : fail("ERR_TORCH_VALUE", `${what}: memory format "${value}" is unknown`);
    default:
      return fail("ERR_TORCH_TYPE", `${what} has a type that cannot be passed from JavaScript`);
  }
}

/**
 * An argument as an operation takes it: its default for undefined, null for none.
 * @throws {TorchError} `ERR_TORCH_TYPE`
 */
export function toArgument(
  value: unknown,
  arg: SchemaArgument,
  label: string,
  doors: Doors,
): unknown {
  if (value === undefined && arg.fallback !== undefined) return arg.fallback;
  if (value === undefined || value === null) {
    if (arg.isOptional) return null;
    return fail("ERR_TORCH_TYPE", `${label} is missing`);
  }
  if (!arg.isList) return elementOf(value, arg, label, doors);
  if (arg.size > 0 && typeof value === "number")
    return new Array<number>(arg.size).fill(toInt(value, label));
  return toList(value, label, (element) =>
    arg.hasGaps && (element === null || element === undefined)
      ? null
      : elementOf(element, arg, label, doors),
  );
}
