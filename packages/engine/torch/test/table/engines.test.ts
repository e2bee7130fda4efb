// Both engines side by side: every operation of the portable one against libtorch, and its derivatives against finite
// differences.
import { portable } from "@dsbm/portable";
import { describe, expect, it } from "vitest";
import { type External, type Native, native } from "../../src/binding/native.js";
import * as T from "../../src/index.js";
import { type Entry, entries } from "./samples.js";

const isLibtorch = T.engineInfo().engine === "libtorch";
const hasPortable = (e: Entry) => portable.schemas(e.name).some((s) => s.startsWith(fullName(e)));
const fullName = ({ name, overload }: Entry) => `${name}${overload ? `.${overload}` : ""}(`;
const sharedEntries = isLibtorch ? entries().filter(hasPortable) : [];

/** Memory as it is found, and vectors whose sign is a matter of choice. */
const isArbitrary = /empty|linalg_(eigh|svd|qr)\(/;

/** An argument for an engine: tensors are copied into it. */
function copyInto(engine: Native, value: unknown): unknown {
  if (value instanceof T.Tensor)
    return engine.fromBytes(value.rawArray(), value.shape, value.dtype);
  return Array.isArray(value) ? value.map((item) => copyInto(engine, item)) : value;
}

/** Dtype, shape and numbers of a tensor; other values as they are. */
function describeResult(engine: Native, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => describeResult(engine, item));
  const t = value as External;
  const dtype = engine.dtype(t) as T.DType;
  const numbers = Array.from(new T.arrayOf[dtype](engine.toBytes(t)) as ArrayLike<number>, Number);
  return {
    dtype,
    shape: engine.shape(t),
    numbers: numbers.map((x) => (Number.isFinite(x) ? expect.closeTo(x, tolerance(x)) : x)),
  };
}
/** Digits behind the point for six digits in all. */
const tolerance = (x: number) => 5 - Math.max(0, Math.ceil(Math.log10(Math.abs(x) || 1)));

function results(engine: Native, { name, overload }: Entry, sample: unknown[]): unknown {
  const args = copyInto(engine, sample) as unknown[];
  engine.manualSeed(null, 5);
  const result = engine.call(engine.lookup(name, overload), undefined, ...args);
  return describeResult(engine, result ?? args[0]);
}

describe.runIf(isLibtorch)("the portable engine", () => {
  it("has the schemas of libtorch", () => {
    for (const e of sharedEntries) {
      const text = portable.schemas(e.name).find((s) => s.startsWith(fullName(e)));
      expect(native.schemas(e.name)).toContain(text);
    }
    expect(sharedEntries.length).toBeGreaterThan(300);
  });

  it.each(sharedEntries.map((e) => [fullName(e).slice(0, -1), e]))(
    "agrees on %s",
    (full, entry) => {
      if (isArbitrary.test(`${full}(`)) return;
      T.tidy(() => {
        T.manualSeed(1);
        const sample = entry.sample();
        const wanted = results(native, entry, sample);
        const numbers = results(portable, entry, sample);
        expect(withoutMatchers(numbers)).toEqual(wanted);
      });
    },
  );
});

/** Products in another order, and the recursion for variances, whose mean of an infinity is NaN in libtorch. */
const isOfItsOrder = /linalg_multi_dot|(std|var)_mean/;

describe.runIf(isLibtorch)("the portable engine, given NaN or an infinity,", () => {
  const oddNumbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const known = sharedEntries.filter((e) => !isArbitrary.test(fullName(e)));
  it.each(known.map((e) => [fullName(e).slice(0, -1), e]))(
    "agrees on %s, or refuses it where libtorch has no number",
    (full, entry) => {
      for (const odd of oddNumbers) {
        if (isOfItsOrder.test(full) && !Number.isNaN(odd)) continue;
        T.tidy(() => {
          T.manualSeed(1);
          const sample = entry.sample().map((value) => withFirst(value, odd));
          const wanted = outcome(native, entry, sample);
          const found = outcome(portable, entry, sample);
          if (found === "refused" && JSON.stringify(wanted).includes("null")) return;
          expect(withoutMatchers(found), `${odd}`).toEqual(wanted);
        });
      }
    },
  );
  it.each(["svd", "svdvals", "eigh", "eigvalsh"])("refuses linalg_%s", (name) => {
    for (const odd of oddNumbers) {
      const matrix = T.tidy(() =>
        copyInto(
          portable,
          T.tensor(
            [
              [odd, 1],
              [1, 2],
              [2, 3],
            ].slice(0, name.startsWith("e") ? 2 : 3),
          ),
        ),
      );
      const op = portable.lookup(`aten::linalg_${name}`, "");
      const rest = name === "svd" ? [true, null] : name === "svdvals" ? [null] : ["L"];
      expect(() => portable.call(op, undefined, matrix, ...rest)).toThrow(
        /linalg.\w+: .* non-finite values/,
      );
    }
  });
});

/** Floating tensors with another first number. */
function withFirst(value: unknown, odd: number): unknown {
  if (Array.isArray(value)) return value.map((item) => withFirst(item, odd));
  if (!(value instanceof T.Tensor) || !value.dtype.startsWith("float")) return value;
  const numbers = value.toNumbers();
  numbers[0] = odd;
  return T.tensor(Array.from(numbers), { dtype: value.dtype }).reshape(value.shape);
}

/** The results, or "refused". */
function outcome(engine: Native, entry: Entry, sample: unknown[]): unknown {
  try {
    return results(engine, entry, sample);
  } catch {
    return "refused";
  }
}

/** The numbers of matchers. */
function withoutMatchers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMatchers);
  if (typeof value !== "object" || value === null) return value;
  if ("sample" in value) return (value as { sample: unknown }).sample;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutMatchers(item)]),
  );
}

const step = 1e-5;
/** No smooth function of the elements at the sample, or one of a symmetric matrix alone. */
const isStepwise =
  /cholesky|eigh|rand|bernoulli|multinomial|normal|uniform|exponential|dropout|empty|_\(|_\.|nan_to_num|round|view\.dtype|one_hot/;

/** Σ w·f of all floating results, with fixed weights. */
function weightedSum(op: number, args: unknown[]): External | null {
  const list = [portable.call(op, undefined, ...args)].flat(2) as External[];
  const call = (name: string, overload: string, ...rest: unknown[]) =>
    portable.call(portable.lookup(`aten::${name}`, overload), undefined, ...rest) as External;
  const sums = list
    .filter((t) => typeof t === "object" && portable.dtype(t) === "float64")
    .map((t) => {
      const n = portable.shape(t).reduce((a, b) => a * b, 1);
      const w = Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1));
      return call(
        "sum",
        "",
        call("mul", "Tensor", t, portable.fromBytes(w, portable.shape(t), "float64")),
      );
    });
  return sums.length > 0 ? sums.reduce((a, b) => call("add", "Tensor", a, b)) : null;
}

const value = (t: External) => Number(portable.item(t));

/** The largest difference between the derivative and the finite difference; null without a gradient. */
function derivativeError({ name, overload }: Entry, sample: unknown[]): number | null {
  const op = portable.lookup(name, overload);
  const args = copyInto(portable, sample) as unknown[];
  const inputs = args
    .flat()
    .filter(
      (a) => typeof a === "object" && a !== null && portable.dtype(a as External) === "float64",
    );
  const tensors = inputs as External[];
  for (const t of tensors) portable.requiresGrad(t, true);
  const y = weightedSum(op, args);
  if (!y || tensors.length === 0 || !portable.requiresGrad(y)) return null;
  const gradients = portable.differentiate([y], [], tensors, false, true)!;
  for (const t of tensors) portable.requiresGrad(t, false);
  let most = 0;
  tensors.forEach((t, k) => {
    const g = gradients[k];
    const exact = g ? new Float64Array(portable.toBytes(g)) : null;
    const n = portable.shape(t).reduce((a, b) => a * b, 1);
    for (let i = 0; i < Math.min(n, 6); i++) {
      const at = (by: number) => {
        const moved = new Float64Array(portable.toBytes(t));
        moved[i] += by;
        const changed = portable.fromBytes(moved, portable.shape(t), "float64");
        const swap = (a: unknown): unknown =>
          a === t ? changed : Array.isArray(a) ? a.map(swap) : a;
        return value(weightedSum(op, args.map(swap))!);
      };
      const slope = (at(step) - at(-step)) / (2 * step);
      most = Math.max(most, Math.abs(slope - (exact?.[i] ?? 0)) / (1 + Math.abs(slope)));
    }
  });
  return most;
}

const toDouble = (value: unknown): unknown => {
  if (value instanceof T.Tensor) return value.dtype === "float32" ? value.to("float64") : value;
  return Array.isArray(value) ? value.map(toDouble) : value;
};

describe("a derivative of the portable engine", () => {
  const smooth = entries().filter((e) => hasPortable(e) && !isStepwise.test(fullName(e)));
  it.each(smooth.map((e) => [fullName(e).slice(0, -1), e]))(
    "is the finite difference of %s",
    (_, entry) => {
      T.tidy(() => {
        T.manualSeed(3);
        const sample = toDouble(entry.sample()) as unknown[];
        const error = missingDerivative(() => derivativeError(entry, sample));
        if (error !== null) expect(error).toBeLessThan(1e-5);
      });
    },
  );
});

/** Operations without a derivative say so. */
function missingDerivative(fn: () => number | null): number | null {
  try {
    return fn();
  } catch (error) {
    expect(String(error)).toMatch(/needs? libtorch|integer|not implemented|dtype/i);
    return null;
  }
}
