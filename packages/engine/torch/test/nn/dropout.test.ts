// Dropout: its law, its streams, and its gradient.
import { beforeAll, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import * as T from "../../src/index.js";
import { nn } from "../../src/index.js";

beforeAll(() => T.setNumThreads(1));

const rates = [0.1, 0.5];

describe("dropout", () => {
  it.each(rates)("sets a share of %d to 0 and scales the others so that the mean stays", (p) => {
    const n = 200_003; // not a multiple of the elements of one random number
    const y = nn.dropout(T.ones([n]), p, { generator: T.Generator.create(1) }).toNumbers();
    const kept = y.filter((v) => v !== 0);
    // Five standard errors of a binomial count.
    expect(Math.abs(kept.length - n * (1 - p))).toBeLessThan(5 * Math.sqrt(n * p * (1 - p)));
    const [scale] = kept;
    expect(kept.every((v) => v === scale)).toBe(true);
    const keep = Math.round((1 - p) * 2 ** 15);
    expect(scale).toBe(Math.fround(2 ** 15 / keep));
    expect(Math.abs(scale * (1 - p) - 1)).toBeLessThan(2 ** -15 / (1 - p));
  });

  it("passes the gradient of the kept values", () => {
    const x = T.randn([3, 5, 7]).requiresGrad_();
    const y = nn.dropout(x, 0.3, { generator: T.Generator.create(3) });
    y.backward({ gradient: T.ones([3, 5, 7]) });
    const scale = y.detach().div(x.detach());
    const miss = scale.sub(x.grad as T.Tensor).abs();
    expect(miss.amax().item()).toBeLessThan(1e-6);
    expect((x.grad as T.Tensor).eq(0).sum().item()).toBeGreaterThan(10);
  });

  it("keeps shape, dtype and the values themselves at p = 0, drops all at p = 1", () => {
    const x = T.randn([2, 3]);
    expect(nn.dropout(x, 0)).toBe(x);
    expect(nn.dropout(x, 0.5, { training: false })).toBe(x);
    expect(nn.dropout(x, 1).toNumbers().map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
    const half = nn.dropout(x.to("bfloat16"), 0.5);
    expect([half.dtype, half.shape]).toEqual(["bfloat16", [2, 3]]);
    expect(nn.dropout(T.zeros([0, 4]), 0.5).shape).toEqual([0, 4]);
    expect(nn.dropout(T.ones([]), 0.5).shape).toEqual([]);
    for (const p of [-0.1, 1.1, Number.NaN])
      expect(() => nn.dropout(x, p)).toThrow(/expected a probability between 0 and 1/);
  });
});

describe("Dropout", () => {
  it("works in training only, and draws from its own stream or the default one", () => {
    const x = T.ones([64]);
    const layer = new nn.Dropout(0.5, { generator: T.Generator.create(4) });
    const [first, second] = [layer.forward(x), layer.forward(x)];
    expect(first.toNumbers()).not.toEqual(second.toNumbers());
    layer.generator = T.Generator.create(4);
    expect(layer.forward(x).toNumbers()).toEqual(first.toNumbers());
    expect(layer.eval().forward(x)).toBe(x);
    const other = new nn.Dropout();
    T.manualSeed(5);
    const drawn = other.forward(x).toNumbers();
    T.manualSeed(5);
    expect(other.forward(x).toNumbers()).toEqual(drawn);
    expect(() => new nn.Dropout(2)).toThrow(/p is 2/);
  });
});
