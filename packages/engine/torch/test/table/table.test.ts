// Every operation that `call` reaches, by its entry in ops.allow, as PyTorch's OpInfo tests
// operations: values in single and double precision and from strided memory, every dtype, and wrong
// arguments.
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { checkOf } from "../../src/binding/checks.js";
import { table } from "../../src/binding/table.generated.js";
import * as T from "../../src/index.js";
import { type Entry, entries } from "./samples.js";

beforeEach(() => {
  T.setNumThreads(1);
});

const isLibtorch = T.engineInfo().engine === "libtorch";
/** The portable engine has no complex numbers. */
const dtypes = [...Object.keys(T.arrayOf), ...(isLibtorch ? ["complex64"] : [])];
const allEntries = entries();
/** What draws, or gives whatever was in memory. */
const draws =
  /random|rand_|bernoulli|multinomial|normal|exponential|uniform|dropout|^aten::new_empty|^aten::empty/;

/** The same arguments with every tensor changed. */
const mapTensors = (args: unknown[], change: (t: T.Tensor) => T.Tensor): unknown[] =>
  args.map((a) => {
    if (a instanceof T.Tensor) return change(a);
    return Array.isArray(a) ? mapTensors(a, change) : a;
  });
const isFloat = (t: T.Tensor) => t.dtype.startsWith("float");
/** The same values, every second element of another storage. */
const toStrided = (t: T.Tensor) =>
  String(t.dtype).startsWith("complex")
    ? t
    : T.stack([t, t.zerosLike()], { dim: -1 }).select(-1, 0);

/** Calls with the random numbers of one seed; the numbers of all results. */
function valuesOf({ name, overload }: Entry, args: unknown[]): number[] {
  T.manualSeed(5);
  const found = T.call(name, overload, ...args);
  // What returns nothing writes into its first argument.
  const list = [found ?? args[0]].flat(2);
  return list.flatMap((t) => {
    if (!(t instanceof T.Tensor)) return [Number(t)];
    if (String(t.dtype).startsWith("complex")) return t.viewAsReal().toNumbers();
    return t.toNumbers();
  });
}

/** What is about memory itself: views of it, and optimisers that want it dense. */
const layoutMatters = /^aten::(view|view_as|view_as_complex|alias|empty_like|new_empty)(\.|$)/;
const cast = (t: T.Tensor, dtype: T.DType) =>
  (dtype as string) === "complex64" ? complexOf(t) : t.to(dtype);
const complexOf = (t: T.Tensor) =>
  T.call(
    "aten::view_as_complex",
    "",
    T.stack([t.to("float32"), t.to("float32")], { dim: -1 }),
  ) as T.Tensor;

/** Whatever comes of it must be a value, or an error of the engine. */
function attempt({ name, overload }: Entry, args: unknown[]) {
  try {
    T.call(name, overload, ...args);
  } catch (error) {
    expect(error).toBeInstanceOf(T.TorchError);
  }
}

/** Values of the right kind that do not belong there. */
function odds(type: string) {
  if (type.startsWith("Tensor") && type.endsWith("[]"))
    return [[], [T.ones([0])], [T.ones([1]), T.ones([7, 2])]];
  if (type.startsWith("Tensor"))
    return [
      T.ones([0]),
      T.ones([]),
      T.ones([7, 2]),
      T.full([2, 2], Number.NaN),
      T.full([3, 4], -(2 ** 31), { dtype: "int32" }),
      T.full([3, 4], -1, { dtype: "int64" }),
      T.tensor(-(2n ** 63n)),
      T.empty([3, 4], { device: "meta" }),
    ];
  if (type.includes("[")) return [[], [0], [-1], [2 ** 40], [1, 2, 3, 4, 5, 6, 7]];
  if (type.startsWith("Scalar") || type.startsWith("float"))
    return [0, -1, 4294967295, Number.NaN, Number.POSITIVE_INFINITY, -(2n ** 63n)];
  if (/int|SymInt/.test(type)) return [0, -1, 7, -(2n ** 63n), 2n ** 63n - 1n];
  return [];
}

/** Single precision against double, in the units of the numbers themselves. */
function expectClose(found: number[], wanted: number[], what: string) {
  expect(found.length, what).toBe(wanted.length);
  for (const [i, value] of found.entries()) {
    const right = wanted[i];
    const isSame =
      Object.is(value, right) || Math.abs(value - right) < 2e-4 * (1 + Math.abs(right));
    if (!isSame) expect.fail(`${what}: ${value} where ${right} is expected (element ${i})`);
  }
}

/** A sample whose numbers are the same at each call. */
function sampleOf(entry: Entry): unknown[] {
  T.manualSeed(1);
  return entry.sample();
}

describe("the table", () => {
  it("names the checked operations, and has an entry for each wrapper", () => {
    for (const [name, { isChecked }] of Object.entries(table))
      expect([name, checkOf(`aten::${name}`) !== null]).toEqual([name, isChecked]);
    const lines = readFileSync(new URL("../../ops.allow", import.meta.url), "utf8").split("\n");
    const names = lines.filter((l) => /^[!.]?\w/.test(l)).map((l) => l.replace(/^[!.]/, ""));
    expect(new Set(names.map((l) => l.split(" ")[0]))).toEqual(new Set(Object.keys(table)));
  });

  it.runIf(isLibtorch)(
    "lists the operations of `call`; all others need `unsafe`, and their error says it",
    () => {
      const one = T.ones([2]);
      expect(() => T.call("aten::resize_", "", one, [3])).toThrow(/not in the table.*unsafe\.call/);
      expect(() => T.call("aten::range", "out", 0, 1, 1, one)).toThrow(/unsafe\.call/);
      expect(() => T.call("aten::abs", "out", one, one)).toThrow(/not among the overloads.*\(""\)/);
      expect(() => T.call("aten::no_such", "", one)).toThrow(
        expect.objectContaining({ code: "ERR_TORCH_MISSING_OP" }),
      );
      expect(() => T.call("constructor", "", one)).toThrow(
        expect.objectContaining({ code: "ERR_TORCH_MISSING_OP" }),
      );
      expect(() => T.call("__proto__", "length", one)).toThrow(
        expect.objectContaining({ code: "ERR_TORCH_MISSING_OP" }),
      );
      expect((T.unsafe.call("aten::t_", "", one) as T.Tensor).shape).toEqual([2]);
      expect(Object.isFrozen(T.callable)).toBe(true);
      expect(Object.isFrozen(T.callable["aten::abs"])).toBe(true);
    },
  );
});

describe.each(allEntries.map((e) => [e.overload ? `${e.name}.${e.overload}` : e.name, e]))(
  "%s",
  (full, entry) => {
    it("is the same in double precision, and from strided memory", () => {
      T.tidy(() => {
        const plain = valuesOf(entry, sampleOf(entry));
        expect(plain.length).toBeGreaterThan(0);
        const wide = mapTensors(sampleOf(entry), (t) => (isFloat(t) ? t.to("float64") : t));
        if (!draws.test(full) && !/view\.dtype/.test(full))
          expectClose(plain, valuesOf(entry, wide), "double precision");
        if (!layoutMatters.test(full))
          expectClose(
            plain,
            valuesOf(entry, mapTensors(sampleOf(entry), toStrided)),
            "not contiguous",
          );
      });
    });

    it("gives a value or an error for every dtype, of one tensor or of all", () => {
      T.tidy(() => {
        for (const dtype of dtypes as T.DType[]) {
          attempt(
            entry,
            mapTensors(sampleOf(entry), (t) => cast(t, dtype)),
          );
          let isFirst = true;
          const first = (t: T.Tensor) => {
            const changed = isFirst ? cast(t, dtype) : t;
            isFirst = false;
            return changed;
          };
          attempt(entry, mapTensors(sampleOf(entry), first));
        }
      });
    });

    it("refuses wrong arguments with an error", () => {
      T.tidy(() => {
        const { args } = entry;
        const sample = sampleOf(entry);
        const refused = (given: unknown[]) =>
          expect(() => T.call(entry.name, entry.overload, ...given)).toThrow(T.TorchError);
        refused([...Array.from({ length: args.length + 1 }, (_, i) => sample[i]), 1]);
        for (const [i, { type, optional }] of args.entries()) {
          const but = (wrong: unknown) => args.map((_, k) => (k === i ? wrong : sample[k]));
          if (!optional) refused(but(undefined));
          for (const wrong of [Symbol("s"), { a: 1 }, () => 1, [[1], [2]], new Map()])
            refused(but(wrong));
          if (!type.startsWith("str") && !/ScalarType|Device|Layout|MemoryFormat/.test(type))
            refused(but("no"));
          // Shapes, numbers and emptiness that do not belong: values or errors, as libtorch has it.
          for (const odd of odds(type)) attempt(entry, but(odd));
        }
      });
    });
  },
);
