// The squared error by a kernel of our own beside PyTorch's in double precision: value, gradient, and gradients of gradients;
// bits do not depend on threads.
import { describe, expect, it } from "vitest";
import { startFrom } from "../../../../../test/support/start.js";
import * as T from "../../src/index.js";
import { bits, double, gradients, off } from "./in-double.js";

startFrom(5);

describe("the squared error", () => {
  it.each([
    [3, 5],
    [128, 50],
    [9000, 7],
  ])("of %i × %i: value and gradients to rounding", (n, d) => {
    const [a, b] = [T.randn([n, d]).requiresGrad_(), T.randn([n, d]).requiresGrad_()];
    const [a64, b64] = [double(a), double(b)];
    const exact = a64.sub(b64).square().sum().div(n);
    const found = T.squaredError(a, b, 1 / n);
    expect(off(found, exact)).toBeLessThan(1e-6);
    const wanted = gradients(exact.mul(3), [a64, b64]);
    gradients(found.mul(3), [a, b]).forEach((g, i) => {
      expect(off(g, wanted[i] as T.Tensor)).toBeLessThan(1e-6);
    });
    const all = () => [T.squaredError(a, b, 1 / n)].flatMap((y) => [y, ...gradients(y, [a])]);
    const one = bits(all());
    T.setNumThreads(2);
    expect(bits(all())).toEqual(one);
  });

  it("is a composition of PyTorch's for other dtypes, and refuses other shapes", () => {
    const [a, b] = [T.randn([4, 3]), T.randn([4, 3])];
    const wide = T.squaredError(a.to("float64"), b.to("float64"), 0.5);
    expect(wide.dtype).toBe("float64");
    expect(T.squaredError(a, b, 0.5).item()).toBeCloseTo(wide.item(), 5);
    expect(() => T.squaredError(a, b.narrow(0, 0, 3), 1)).toThrow("a prediction [4, 3]");
    const x = T.randn([4, 3]).requiresGrad_();
    const [first] = gradients(T.squaredError(x, b, 0.5).square(), [x], true);
    const [second] = gradients((first as T.Tensor).sum(), [x]);
    const y = double(x);
    const [first64] = gradients(y.sub(b).square().sum().mul(0.5).square(), [y], true);
    const [exact] = gradients((first64 as T.Tensor).sum(), [y]);
    expect(off(second as T.Tensor, exact as T.Tensor)).toBeLessThan(1e-5);
  });
});
