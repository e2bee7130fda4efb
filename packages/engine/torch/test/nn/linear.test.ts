// Layers with standing weights: the same products to rounding, in recorded programs too, and nothing left behind.
import { expect, it } from "vitest";
import { startFrom } from "../../../../../test/support/start.js";
import * as T from "../../src/index.js";
import { distance } from "../kernel/in-double.js";

startFrom(1);

it("gives the numbers of the plain kernel to rounding, for profitable sizes and others", () => {
  for (const [rows, inputs, outputs] of [
    [300, 256, 256],
    [128, 51, 64],
    [128, 256, 50],
    [5, 256, 256],
  ]) {
    const layer = new T.nn.Linear(inputs, outputs);
    const x = T.randn([rows, inputs]);
    const y = T.nn.withStandingWeights(() => layer.forward(x));
    expect(distance(y, layer.forward(x).detach())).toBeLessThan(3e-6);
    expect(y.requiresGrad).toBe(false);
    const z = T.nn.withStandingWeights(() => layer.silu(x));
    expect(distance(z, layer.forward(x).silu().detach())).toBeLessThan(3e-6);
    expect(distance(layer.silu(x), layer.forward(x).silu())).toBeLessThan(1e-6);
  }
});

it("has a SiLU of its own for standing weights: to a few units in the last place, NaN and infinities included", () => {
  const layer = new T.nn.Linear(64, 64);
  T.noGrad(() => {
    layer.weight.copy_(T.eye(64));
    layer.bias?.zero_();
  });
  const values = Array.from({ length: 200 * 64 }, (_, i) => Math.fround((i - 6400) / 70));
  const x = T.tensor(values).reshape([200, 64]);
  const silu = (y: T.Tensor) => T.nn.withStandingWeights(() => layer.silu(y));
  const exact = values.map((v) => v / (1 + Math.exp(-v)));
  const off = silu(x)
    .toNumbers()
    .map((y, i) => Math.abs(y - exact[i]) / Math.max(Math.abs(exact[i]), 1e-30));
  expect(Math.max(...off.filter((_, i) => values[i] > -80))).toBeLessThan(6e-7);
  // Rows of other values only: 0 times infinity is NaN in a product.
  for (const [value, wanted] of [
    [300, 300],
    [-300, 0],
    [Number.NaN, Number.NaN],
  ]) {
    const [y] = silu(T.full([200, 64], value)).toNumbers();
    if (Number.isNaN(wanted)) expect(y).toBeNaN();
    else expect(y).toBeCloseTo(wanted, 30);
  }
});

it("takes inputs that all rows share apart, with and without standing weights, and their gradients", () => {
  const layer = new T.nn.Linear(66, 64);
  const [x, shared] = [T.randn([200, 63]), T.randn([3])];
  const both = T.cat([x, shared.expand([200, 3])], { dim: 1 });
  const whole = layer.forward(both);
  const standing = T.nn.withStandingWeights(() => [
    // The same layer in both ways.
    layer.forward(x, shared),
    layer.silu(x, shared),
    layer.forward(both),
  ]);
  expect(distance(standing[0], whole.detach())).toBeLessThan(3e-6);
  expect(distance(standing[1], whole.silu().detach())).toBeLessThan(3e-6);
  expect(distance(standing[2], whole.detach())).toBeLessThan(3e-6);
  whole.square().sum().backward();
  const expected = layer.weight.grad?.clone() as T.Tensor;
  layer.zeroGrad();
  layer.forward(x, shared).square().sum().backward();
  const scale = expected.abs().amax().item();
  expect(distance(layer.weight.grad as T.Tensor, expected)).toBeLessThan(1e-5 * scale);
});

it("packs changed weights again between runs and between replays", () => {
  const layer = new T.nn.Linear(64, 64);
  const x = T.randn([200, 64]);
  const run = T.recordCalls((rows) =>
    T.nn.withStandingWeights(() => layer.forward(layer.forward(rows))),
  );
  for (let i = 0; i < 3; i++) {
    const expected = T.noGrad(() => layer.forward(layer.forward(x)));
    expect(distance(run(x)[0], expected)).toBeLessThan(3e-6);
    T.noGrad(() => layer.weight.mul_(1.5));
  }
});
