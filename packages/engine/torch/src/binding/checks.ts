import { invalid, lengthOf } from "./errors.js";
import { type External, native, recording } from "./native.js";

type Args = readonly unknown[];

/** Throws if arguments, in schema order, would crash the kernel. */
export type Check = (args: Args, overload: string) => void;

function require(holds: boolean, what: string): void {
  if (!holds) throw invalid(what);
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

/** random_(self, from, to): close to the ends of int64 its rounding to floating point never ends. */
const randomRange: Check = (args) => {
  for (const x of args.slice(1, 3).filter(isInteger))
    require(Math.abs(Number(x)) < 2 ** 62, "the bounds are within 2^62");
};

function any(comparison: "eq" | "gt", t: External, value: number | bigint): boolean {
  return native.unrecorded(() => {
    const was = native.gradMode(false);
    try {
      const each = run(comparison, "Scalar", t, value);
      const some = run("any", "", each);
      const hasSome = native.item(some) === true;
      native.release([each, some]);
      return hasSome;
    } finally {
      native.gradMode(was);
    }
  });
}

const doesNotFit = "the smallest integer divided by -1 does not fit its dtype";

const divided: Readonly<Record<number, { dtype: string; bits: number }>> = {
  3: { dtype: "int32", bits: 32 },
  4: { dtype: "int64", bits: 64 },
};

const run = (name: string, overload: string, ...args: unknown[]) =>
  native.call(native.lookup(`aten::${name}`, overload), undefined, ...args) as External;

function as<T>(dtype: string, t: External, fn: (t: External) => T): T {
  if (native.dtype(t) === dtype) return fn(t);
  const cast = run("to", "dtype", t, dtype);
  try {
    return fn(cast);
  } finally {
    native.release([cast]);
  }
}

const division: Check = ([self, other]) => {
  if (!isTensor(self) && !isTensor(other)) return;
  if ([self, other].some((x) => !isTensor(x) && !isInteger(x))) return;
  const kind = !isTensor(self) ? "Scalar_Tensor" : isTensor(other) ? "Tensor" : "Scalar";
  const type = divided[Number(native.unrecorded(() => run("result_type", kind, self, other)))];
  if (!type) return;
  const { dtype, bits } = type;
  const parts: [unknown, bigint][] = [
    [self, -(2n ** BigInt(bits - 1))],
    [other, -1n],
  ];
  const scalar = (value: unknown, n: bigint) =>
    BigInt.asIntN(bits, BigInt(value as number | bigint)) === n;
  const has = ([value, n]: [unknown, bigint]) => {
    if (!isTensor(value)) return scalar(value, n);
    if (native.device(value) === "meta") return false;
    return native.unrecorded(() => as(dtype, value, (t) => any("eq", t, n)));
  };
  require(!parts.toReversed().every(has), doesNotFit);
  if (!recording.isOn) return;
  // A recorded program checks the operands at every replay, since their values may change.
  const is = parts.map(([value, n]) => {
    if (!isTensor(value)) return scalar(value, n);
    return native.device(value) === "cpu" && as(dtype, value, (t) => run("eq", "Scalar", t, n));
  });
  const tensors = is.filter(isTensor);
  if (!is.includes(false)) {
    const each = tensors.length > 1 ? [run("logical_and", "", ...tensors)] : [];
    const some = run("any", "", (each[0] ?? tensors[0]) as External);
    const fine = run("logical_not", "", some);
    run("_assert_async", "msg", fine, doesNotFit);
    native.release([...each, some, fine]);
  }
  native.release(tensors);
};

/** div rounds only with a rounding mode: div(self, other, *, rounding_mode). */
const roundedDivision: Check = (args, overload) => {
  if (typeof args[2] === "string") division(args, overload);
};

/** repeat_interleave(repeats, ...) and (self, repeats, ...): the sum of the repeats may not overflow. */
const repeats: Check = (args, overload) => {
  const t = overload.startsWith("Tensor") ? args[0] : args[1];
  if (!isTensor(t) || native.device(t) === "meta") return;
  require(!any("gt", t, 2 ** 30), "more than 2^30 repeats");
};

/** pdist(self, p): its gradient for no rows reads foreign memory. */
const pairwise: Check = ([self]) => {
  if (isTensor(self)) require(native.shape(self)[0] !== 0, "pdist takes at least one row");
};

const table: Readonly<Record<string, Check>> = {
  remainder: division,
  remainder_: division,
  fmod: division,
  fmod_: division,
  floor_divide: division,
  floor_divide_: division,
  div: roundedDivision,
  div_: roundedDivision,
  divide: roundedDivision,
  divide_: roundedDivision,
  repeat_interleave: repeats,
  pdist: pairwise,
  random: randomRange,
  random_: randomRange,
  scaled_dot_product_attention: attention,
};

/** The check of an operation, or null if libtorch needs none. */
export function checkOf(name: string): Check | null {
  const [space, short] = name.split("::") as [string, string?];
  if (space !== "aten" || short === undefined) return null;
  if (short.startsWith("_foreach_")) return foreachLists;
  return Object.hasOwn(table, short) ? (table[short] as Check) : null;
}

/** The arguments with lists copied, so that getters cannot change them after the check. */
export function settled(args: Args): unknown[] {
  return args.map((value) => {
    if (!Array.isArray(value)) return value;
    return Array.from({ length: lengthOf(value) }, (_, i) => value[i] as unknown);
  });
}
