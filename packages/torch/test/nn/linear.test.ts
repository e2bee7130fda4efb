// Layers with standing weights: the same products to rounding, in recorded programs too, and nothing left behind.
import { beforeEach, expect, it } from "vitest";
import * as T from "../../src/index.js";

beforeEach(() => {
  T.setNumThreads(1);
  T.manualSeed(1);
});

const apart = (a: T.Tensor, b: T.Tensor) => a.sub(b).abs().amax().item();

it("gives what it gives otherwise, to rounding, for sizes that pay and sizes that do not", () => {
  for (const [rows, inputs, outputs, bias] of [
    [300, 256, 256, true],
    [128, 51, 64, false],
    [128, 256, 50, true],
    [5, 256, 256, true],
  ] as const) {
    const layer = new T.nn.Linear(inputs, outputs, { bias });
    const x = T.randn([rows, inputs]);
    const y = T.nn.withStandingWeights(() => layer.forward(x));
    expect(apart(y, layer.forward(x).detach())).toBeLessThan(3e-6);
    expect(y.requiresGrad).toBe(false);
  }
});

it("packs again where weights changed between runs and between replays", () => {
  const layer = new T.nn.Linear(64, 64);
  const x = T.randn([200, 64]);
  const run = T.recorded((rows) =>
    T.nn.withStandingWeights(() => layer.forward(layer.forward(rows))),
  );
  for (let i = 0; i < 3; i++) {
    const expected = T.noGrad(() => layer.forward(layer.forward(x)));
    expect(apart(run(x)[0] as T.Tensor, expected)).toBeLessThan(3e-6);
    T.noGrad(() => layer.weight.mul_(1.5));
  }
});

it("takes gradients again afterwards, and after an error inside", () => {
  const layer = new T.nn.Linear(64, 64);
  const x = T.randn([200, 64]);
  expect(() =>
    T.nn.withStandingWeights(() => {
      layer.forward(x);
      throw new Error("inside");
    }),
  ).toThrow("inside");
  layer.forward(x).sum().backward();
  expect(layer.weight.grad).not.toBeNull();
});
