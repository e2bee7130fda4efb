// Element types: how each is stored, and which one an operation of several gives.
import { fail } from "./errors.js";

/** Elements as an array holds them: int64 as float64 (exact to 2^53), half types as float32. */
export type Elements =
  | Float32Array
  | Float64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

type Category = 0 | 1 | 2;

interface ElementType {
  /** 0 bool, 1 integer, 2 floating point. */
  category: Category;
  /** Order within a category, by which the wider one is found. */
  rank: number;
  /** Bytes of an element outside of the engine. */
  bytes: number;
  /** PyTorch's number. */
  code: number;
  Kind: new (length: number) => Elements;
  /** As PyTorch's messages name it. */
  title: string;
}

const types = {
  bool: { category: 0, rank: 0, bytes: 1, code: 11, Kind: Uint8Array, title: "Bool" },
  uint8: { category: 1, rank: 0, bytes: 1, code: 0, Kind: Uint8Array, title: "Byte" },
  int8: { category: 1, rank: 1, bytes: 1, code: 1, Kind: Int8Array, title: "Char" },
  int16: { category: 1, rank: 2, bytes: 2, code: 2, Kind: Int16Array, title: "Short" },
  int32: { category: 1, rank: 3, bytes: 4, code: 3, Kind: Int32Array, title: "Int" },
  int64: { category: 1, rank: 4, bytes: 8, code: 4, Kind: Float64Array, title: "Long" },
  float16: { category: 2, rank: 0, bytes: 2, code: 5, Kind: Float32Array, title: "Half" },
  bfloat16: { category: 2, rank: 0, bytes: 2, code: 15, Kind: Float32Array, title: "BFloat16" },
  float32: { category: 2, rank: 1, bytes: 4, code: 6, Kind: Float32Array, title: "Float" },
  float64: { category: 2, rank: 2, bytes: 8, code: 7, Kind: Float64Array, title: "Double" },
} as const satisfies Record<string, ElementType>;

/** Names of the element types of this engine. */
export type ElementName = keyof typeof types;

/** The facts of an element type. */
export const elementType = (name: ElementName): ElementType => types[name];

/** Whether numbers of this type have a fraction. */
export const isFloating = (name: ElementName): boolean => types[name].category === 2;

/** Whether numbers of this type are whole; bool is none. */
export const isInteger = (name: ElementName): boolean => types[name].category === 1;

/**
 * The element type of that name.
 * @throws {TorchError} `ERR_TORCH_VALUE` for another.
 */
export function elementNamed(name: string, what: string): ElementName {
  if (Object.hasOwn(types, name)) return name as ElementName;
  if (/^complex(64|128)$/.test(name))
    fail("ERR_TORCH_NOT_IMPLEMENTED", `${what}: dtype ${name} needs libtorch`);
  return fail(
    "ERR_TORCH_VALUE",
    `${what}: unknown dtype "${name}"; known: ${Object.keys(types).join(", ")}`,
  );
}

/** The element type of PyTorch's number, which defaults in schemas are. */
export function elementOfCode(code: number): ElementName {
  return (Object.keys(types) as ElementName[]).find((name) => types[name].code === code)!;
}

/** The narrowest type that holds both. */
export function widerOf(a: ElementName, b: ElementName): ElementName {
  if (a === b) return a;
  const x = types[a];
  const y = types[b];
  if (x.category !== y.category) return x.category > y.category ? a : b;
  // No integer type holds uint8 and int8, and no half type holds the other.
  if (x.category === 1 && Math.min(x.rank, y.rank) === 0 && Math.max(x.rank, y.rank) === 1)
    return "int16";
  if (x.category === 2 && x.rank === 0 && y.rank === 0) return "float32";
  return x.rank > y.rank ? a : b;
}

/** A number as PyTorch's Scalar. */
export type ScalarNumber = number | bigint | boolean;

/** The type of a Scalar: whole numbers count as int64, others as float64. */
export function scalarType(value: ScalarNumber): "bool" | "int64" | "float64" {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int64";
  return Number.isInteger(value) && Math.abs(value) < 2 ** 53 && !Object.is(value, -0)
    ? "int64"
    : "float64";
}
