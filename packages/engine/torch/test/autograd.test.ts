// Gradients against hand-made ones, and the modes in which none are kept.
import { describe, expect, it } from "vitest";
import { startFrom } from "../../../../test/support/start.js";
import * as T from "../src/index.js";

startFrom(1);

describe("backward and grad", () => {
  it("tell unused inputs, missing graphs and a graph that was freed", () => {
    const [x, y] = [T.ones([2]).requiresGrad_(), T.ones([2]).requiresGrad_()];
    expect(T.grad(x.sum(), [y], { allowUnused: true })).toEqual([null]);
    expect(() => T.grad(x.sum(), [y])).toThrow(/not have been used/);
    expect(() => T.ones([2]).sum().backward()).toThrow(/does not require grad/);
    const loss = x.exp().sum();
    loss.backward();
    expect(() => loss.backward()).toThrow(/second time/);
    expect(() => x.mul(2).backward()).toThrow(/scalar outputs/);
    expect(() => x.add_(1)).toThrow(/leaf/);
  });
});

describe("modes", () => {
  const boom = () => {
    throw new Error("boom");
  };
  it("noGrad and enableGrad end with their function, also when it throws", () => {
    const x = T.ones([1]).requiresGrad_();
    T.noGrad(() => {
      expect(x.mul(2).requiresGrad).toBe(false);
      T.enableGrad(() => expect(x.mul(2).requiresGrad).toBe(true));
      expect(() => T.enableGrad(boom)).toThrow("boom");
      expect(T.gradEnabled()).toBe(false);
    });
    expect(() => T.noGrad(boom)).toThrow("boom");
    expect(T.gradEnabled()).toBe(true);
    expect(x.mul(2).requiresGrad).toBe(true);
  });
  it("asynchronous functions are refused, since the mode would leak into others", () => {
    for (const mode of [T.noGrad, T.enableGrad])
      expect(() => mode(async () => 1)).toThrow(/synchronous/);
    expect(T.gradEnabled()).toBe(true);
  });
});
