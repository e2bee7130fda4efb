// Element types: JavaScript data in and out, conversions, and how a JavaScript number becomes a scalar.
import { describe, expect, it } from "vitest";
import * as T from "../src/index.js";

T.setNumThreads(1);
const allDtypes = Object.keys(T.arrayOf) as T.DType[];

describe("typed arrays", () => {
  it.each(allDtypes)("%s goes in and comes back unchanged", (dtype) => {
    const Kind = T.arrayOf[dtype] as { from(values: unknown): T.TypedArray };
    const bytes = dtype === "bool" ? [0, 1, 1, 0, 1, 0] : [1, 2, 3, 0, 127, 64];
    const data = dtype === "int64" ? BigInt64Array.from(bytes, BigInt) : Kind.from(bytes);
    const t = T.tensor(data as T.TypedArray, { dtype, shape: [2, 3] });
    expect([t.dtype, t.shape]).toEqual([dtype, [2, 3]]);
    expect(t.rawArray()).toEqual(data);
    expect(t.transpose(0, 1).rawArray()).toEqual(Kind.from([0, 3, 1, 4, 2, 5].map((i) => data[i])));
  });

  it("a window of a buffer is read at its offset; no copy is shared", () => {
    const data = new Float32Array([1, 2, 3, 4]);
    const t = T.tensor(data.subarray(1, 3));
    data.fill(9);
    expect(t.toNumbers()).toEqual([2, 3]);
    t.toArray().fill(7 as never);
    expect(t.toNumbers()).toEqual([2, 3]);
  });
});

describe("numbers", () => {
  it("whole numbers keep integer tensors integer; others do not", () => {
    const t = T.tensor([1n, 2n]);
    expect(t.add(1).dtype).toBe("int64");
    expect(t.add(0.5).dtype).toBe("float32");
    expect(t.mul(-0).dtype).toBe("float32");
    expect(T.tensor([true]).add(true).dtype).toBe("bool");
    expect(T.tensor([1], { dtype: "float64" }).mul(3).dtype).toBe("float64");
  });
  it("-0, NaN and infinities arrive as they are", () => {
    const values = [-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324];
    expect(values.map((v) => T.full([], v, { dtype: "float64" }).item())).toEqual(values);
    expect(T.tensor(values, { dtype: "float64" }).toNumbers()).toEqual(values);
  });
  it("int64 beyond 2^53 is a bigint, exactly", () => {
    const big = 9223372036854775807n;
    expect(T.tensor([big]).item()).toBe(big);
    expect(
      T.full([], 2n ** 60n, { dtype: "int64" })
        .add(1n)
        .item(),
    ).toBe(2n ** 60n + 1n);
    expect(T.tensor([5n]).item()).toBe(5);
    expect(() => T.full([], 2n ** 64n, { dtype: "int64" })).toThrow(/does not fit 64 bits/);
    expect(() => T.zeros([2 ** 53 + 2])).toThrow(/expected an integer/);
    expect(() => T.tensor([0.5], { dtype: "int64" })).toThrow(/not an integer/);
  });
  it("nested arrays: ragged, cyclic and empty ones", () => {
    expect(() => T.tensor([[1, 2], [3]])).toThrow(/ragged/);
    expect(() => T.tensor([[1], 2])).toThrow(/ragged/);
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => T.tensor(cycle as never)).toThrow(/cycle/);
    expect(T.tensor([[], []]).shape).toEqual([2, 0]);
    expect(T.tensor([true, false]).dtype).toBe("bool");
    expect(() => T.tensor(["1"] as never)).toThrow(/expected numbers/);
  });
});
