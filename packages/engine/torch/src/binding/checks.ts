import { invalidValue, lengthOf } from "./errors.js";
import { type External, native } from "./native.js";

type Args = readonly unknown[];

/** @throws if arguments, in schema order, would crash the kernel. */
export type Check = (args: Args) => void;

function require(holds: boolean, what: string): void {
  if (!holds) throw invalidValue(what);
}

const isTensor = (value: unknown): value is External =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isInteger = (value: unknown): value is number | bigint =>
  typeof value === "bigint" || Number.isInteger(value);

const foreachLists: Check = ([first, ...rest]) => {
  if (!Array.isArray(first)) return;
  for (const list of rest)
    require(!Array.isArray(list) ||
      list.length === first.length, "the lists have different lengths");
};

const attention: Check = (args) => {
  if (args[7] !== true) return;
  for (const t of args.slice(0, 3).filter(isTensor))
    require((native.shape(t).at(-3) ?? 0) >
      0, "with enable_gqa, query, key and value are [..., heads, length, width] with at least one head");
};

/** Integers: the smallest by −1 ends the process, and a divisor's value may change in a recording. */
const division: Check = ([self, other]) => {
  const isWhole = (x: unknown) => (isTensor(x) ? /^u?int/.test(native.dtype(x)) : isInteger(x));
  require(!isWhole(self) ||
    (isInteger(other)
      ? BigInt.asIntN(32, BigInt(other)) !== -1n
      : !isWhole(other)), "integers are divided by a number other than -1");
};

/** pdist(self, p): its gradient for no rows reads foreign memory. */
const pairwise: Check = ([self]) => {
  if (isTensor(self)) require(native.shape(self)[0] !== 0, "pdist takes at least one row");
};

const table: Readonly<Record<string, Check>> = {
  remainder: division,
  fmod: division,
  pdist: pairwise,
  scaled_dot_product_attention: attention,
};

/** The check of an operation, or null if libtorch needs none. */
export function checkOf(name: string): Check | null {
  const [space, short] = name.split("::") as [string, string?];
  if (space !== "aten" || short === undefined) return null;
  if (short.startsWith("_foreach_")) return foreachLists;
  return Object.hasOwn(table, short) ? table[short] : null;
}

/** The arguments with lists copied, so that getters cannot change them after the check. */
export function copyLists(args: Args): unknown[] {
  return args.map((value) => {
    if (!Array.isArray(value)) return value;
    return Array.from({ length: lengthOf(value) }, (_, i) => value[i] as unknown);
  });
}
