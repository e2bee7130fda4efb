// Arguments that libtorch takes on trust: each of these would crash the process or hang it.
import { beforeEach, describe, expect, it } from "vitest";
import * as T from "../src/index.js";

beforeEach(() => T.setNumThreads(1));

const smallestOf = (dtype: T.DType) =>
  T.full([2], dtype === "int64" ? -(2n ** 63n) : -(2 ** 31), { dtype });
const call =
  (name: string, overload: string, ...args: unknown[]) =>
  () =>
    T.call(`aten::${name}`, overload, ...args);
const sdpa = (q: T.Tensor, k: T.Tensor) =>
  call("scaled_dot_product_attention", "", q, k, k, undefined, 0, false, undefined, true);
const int = (dtype: T.DType, ...values: (number | bigint)[]) =>
  T.tensor(values.map(BigInt), { dtype: "int64" }).to(dtype);

describe("checked arguments", () => {
  const refused = [
    [
      "pdist of no rows, whose gradient crashes",
      call("pdist", "", T.ones([0, 2]).requiresGrad_()),
      /at least one row/,
    ],
    [
      "foreach lists",
      call("_foreach_add_", "List", [T.ones([1])], [T.ones([1]), T.ones([1])]),
      /different lengths/,
    ],
    [
      "attention without heads",
      sdpa(T.ones([1, 2, 3, 4]), T.ones([1, 0, 3, 4])),
      /at least one head/,
    ],
    ["attention of matrices", sdpa(T.ones([3, 4]), T.ones([3, 4])), /at least one head/],
    ["int64 by -1", () => smallestOf("int64").remainder(-1), /other than -1/],
    ["int32 by what becomes -1", () => smallestOf("int32").remainder(4294967295), /other than -1/],
    [
      "integers by a tensor",
      () => smallestOf("int64").remainder(int("int64", -1)),
      /other than -1/,
    ],
    [
      "a bigint by a tensor",
      () => T.unsafe.call("aten::remainder", "Scalar_Tensor", -(2n ** 63n), int("int64", -1)),
      /other than -1/,
    ],
  ];
  it.each(refused)("%s", (_, act, message) => {
    expect(act).toThrow(T.TorchError);
    expect(act).toThrow(message);
  });

  it("accept right arguments", () => {
    expect(T.full([1], 7, { dtype: "int64" }).remainder(-4).item()).toBe(-1);
    expect(smallestOf("int64").div(-1).dtype).toBe("float32");
    expect(
      T.ones([2])
        .remainder(T.ones([2]))
        .toNumbers(),
    ).toEqual([0, 0]);
    expect(sdpa(T.ones([1, 2, 3, 4]), T.ones([1, 1, 3, 4]))).not.toThrow();
  });
});

describe("lists that cannot be read", () => {
  const endless = new Proxy([], {
    get: (list, key) => (key === "length" ? 2 ** 31 : key in list ? Reflect.get(list, key) : 1),
  });
  const sparse = new Array<number>(2 ** 32 - 1);
  it.each([
    ["zeros of a sparse array", () => T.zeros(sparse)],
    ["zeros of a proxy", () => T.zeros(endless)],
    ["randn of a proxy", () => T.randn(endless)],
    ["cat of a proxy", () => T.cat(endless)],
    ["tensor with such a shape", () => T.tensor(new Float32Array(4), { shape: sparse })],
    ["grad of such a list", () => T.grad(T.ones([1]), sparse as unknown as T.Tensor[])],
    ["call of no name", () => T.call("aten::abs", sparse as unknown as string, T.ones([1]))],
    ["a scope that returns one", () => T.tidy(() => sparse)],
    [
      "numbers of a huge view",
      () =>
        T.ones([1])
          .expand([2 ** 40])
          .toNumbers(),
    ],
    [
      "chunks of a huge view",
      () =>
        T.runChunked(
          T.recordCalls((x) => x),
          [T.ones([1]).expand([2 ** 40])],
          {
            ...{ rows: 1, threads: 1, inputDims: [0], outputDims: [0] },
          },
        ),
    ],
  ])("%s", (_, act) => {
    expect(act).toThrow(T.TorchError);
    expect(act).toThrow(/too long|too many|dimensions|chunks|as strings/);
  });
});
