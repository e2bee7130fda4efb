// Functions of tensors as ONNX: writes in place, free sizes, refusals, and the bytes of a file.
import * as T from "@dsbm/torch";
import { beforeEach, describe, expect, it } from "vitest";
import { deviation, modelOf, normal } from "./onnx.js";

beforeEach(() => {
  T.setNumThreads(1);
});

const x = normal([4, 6]);

describe("operations", () => {
  it("writes in place", async () => {
    const fn = (given: T.Tensor) => {
      const y = given.mul(2).reshape([-1, 24]).add_(1);
      return y
        .narrow(1, 4, 8)
        .clone()
        .mul_(y.narrow(1, 0, 8));
    };
    expect(await deviation(fn, { x })).toBeLessThan(1e-6);
  });

  it("numbers of rows are free wherever they stand", async () => {
    const fn = (given: T.Tensor) => {
      const [n] = given.shape;
      const wide = given.reshape([1, 4 * n, 6]).expand([2, 4 * n, 6]);
      const more = T.full([n, 4, 1], 3).add(T.zeros([2 * n, 1, 1]).narrow(0, 0, n));
      return wide.select(0, 1).reshape([n, 4, 6]).mul(more).add(T.arange(0, 6));
    };
    expect(await deviation(fn, { x })).toBeLessThan(1e-6);
  });

  it.each([
    ["powers", (a: T.Tensor) => a.abs().add(1).pow(1.5).add(a.square()).rsqrt().log()],
    ["sums", (a: T.Tensor) => a.sum([1, 2], { keepdim: true }).add(a.mean(2, { keepdim: true }))],
    ["scalars", (a: T.Tensor) => a.rsub(2).add(a, { alpha: 3 }).div(7).clamp({ min: -1, max: 2 })],
    ["products", (a: T.Tensor) => a.matmul(a.transpose(1, 2)).softmax(2).matmul(a).flip([1, 2])],
  ])("%s", async (_, fn) => {
    expect(await deviation(fn, { x })).toBeLessThan(1e-5);
  });
});

describe("an operation without export is refused by its name in one line", () => {
  const held = T.zeros([4, 6]).keep();
  it.each([
    ["an unknown operation", (a: T.Tensor) => a.cumsum(1), /^aten::cumsum cannot be exported/],
    ["a held tensor that is written to", (a: T.Tensor) => held.add_(a.sum()), /add_.* writes into/],
    [
      "a tensor that is written to through a view",
      (a: T.Tensor) => {
        const y = a.mul(2);
        y.narrow(1, 0, 2).add_(1);
        return y.add(1);
      },
      /written to through another tensor/,
    ],
    [
      "rows that are told apart",
      (a: T.Tensor) => a.narrow(0, 0, a.size(0) - 1),
      /^aten::slice.* rows/,
    ],
    ["shapes that are no multiples", (a: T.Tensor) => T.zeros([a.size(0) + 1]), /of rows/],
    ["another course of action", (a: T.Tensor) => (a.size(0) > 4 ? a.exp() : a.sin()), /of rows/],
    [
      "random numbers",
      (a: T.Tensor) => a.add(T.randn(a.shape)),
      /^aten::normal_ cannot be exported/,
    ],
    ["half precision", (a: T.Tensor) => a.to("float16"), /float16/],
  ])("%s", (_, fn, message) => {
    expect(() => modelOf(fn, { x })).toThrow(message);
    expect(() => modelOf(fn, { x })).not.toThrow(/\n/);
  });
});
