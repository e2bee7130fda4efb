// The kernels of our own for fully connected layers beside PyTorch's in double precision: values, gradients and gradients of
// gradients; bits do not depend on threads nor on recording.
import { describe, expect, it } from "vitest";
import { startFrom } from "../../../../../test/support/start.js";
import * as T from "../../src/index.js";
import { bits, double, gradients, off } from "./in-double.js";

startFrom(5);

/** Rows, inputs and outputs: less than a vector, not a multiple of one, several blocks, and many rows. */
const sizes = [
  [3, 6, 5],
  [128, 51, 50],
  [200, 64, 256],
  [700, 33, 100],
] as const;

/** A layer, its input, and what its result is weighted by for a gradient. */
function layerOf([rows, inputs, outputs]: readonly [number, number, number]) {
  const layer = new T.nn.Linear(inputs, outputs);
  const x = T.randn([rows, inputs]).mul(3).requiresGrad_();
  return { layer, x, by: T.randn([rows, outputs]), of: [x, layer.weight, layer.bias as T.Tensor] };
}

describe.each(sizes)("a layer for %i rows, %i to %i", (...size) => {
  it.each([true, false])("SiLU %s: values and gradients to rounding", (silu) => {
    const { layer, x, by, of } = layerOf(size);
    const y = silu ? layer.silu(x) : layer.forward(x);
    const [x64, w64, b64] = of.map(double) as [T.Tensor, T.Tensor, T.Tensor];
    const z64 = T.linear(x64, w64, { bias: b64 });
    const y64 = silu ? z64.silu() : z64;
    expect(off(y, y64)).toBeLessThan(1e-6);
    const exact = gradients(y64.mul(by).sum(), [x64, w64, b64]);
    gradients(y.mul(by).sum(), of).forEach((g, i) => {
      expect(off(g, exact[i] as T.Tensor)).toBeLessThan(3e-6);
    });
  });

  it("has the same bits on two threads and recorded", () => {
    const { layer, x, by, of } = layerOf(size);
    const all = () => {
      const y = layer.silu(x);
      return [y, ...gradients(y.mul(by).sum(), of)].map((t) => t.detach());
    };
    const one = bits(all());
    const recorded = T.recorded(all);
    for (let i = 0; i < 2; i++) expect(bits(recorded())).toEqual(one);
    T.setNumThreads(2);
    expect(bits(all())).toEqual(one);
  });
});

it("has gradients of gradients, and none of what needs none", () => {
  const { layer, x, of } = layerOf([4, 6, 5]);
  const second = (xs: readonly T.Tensor[]) => {
    const [a, w, b] = xs as [T.Tensor, T.Tensor, T.Tensor];
    const y = a.dtype === "float32" ? layer.silu(a) : T.linear(a, w, { bias: b }).silu();
    const first = gradients(y.sum(), xs, true);
    return gradients((first[0] as T.Tensor).square().sum(), [a, w]);
  };
  const exact = second(of.map(double));
  second(of).forEach((g, i) => {
    expect(off(g, exact[i] as T.Tensor)).toBeLessThan(1e-5);
  });
  layer.silu(x.detach()).sum().backward();
  expect(x.grad).toBeNull();
  expect(layer.weight.grad).not.toBeNull();
  expect(T.noGrad(() => layer.silu(x)).requiresGrad).toBe(false);
});

it("leaves SiLU's extremes as they are, NaN included", () => {
  const layer = new T.nn.Linear(1, 1);
  T.noGrad(() => {
    layer.weight.fill_(1);
    layer.bias?.zero_();
  });
  const values = [0, -0.5, 20, 300, -30, -90, -300, 3e38, Number.NaN];
  const x = T.tensor(values).reshape([-1, 1]).requiresGrad_();
  const y = layer.silu(x);
  const [slope] = gradients(y.sum(), [x]);
  y.toNumbers().forEach((found, i) => {
    const v = values[i] as number;
    const s = 1 / (1 + Math.exp(-v));
    const wanted = [v * s, s * (1 + v * (1 - s))];
    [found, slope?.toNumbers()[i] as number].forEach((own, k) => {
      if (Number.isNaN(v)) expect(own).toBeNaN();
      else
        expect(Math.abs(own / (wanted[k] as number) - 1) < 2e-6 || Math.abs(own) < 1e-30).toBe(
          true,
        );
    });
  });
});
