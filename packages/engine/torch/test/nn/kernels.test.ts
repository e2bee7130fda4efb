// Our own kernels for training against PyTorch's in double precision: values, gradients and
// gradients of gradients; bits depend neither on threads nor on recording.
import { describe, expect, it } from "vitest";
import { startFrom } from "../../../../../test/support/start.js";
import * as T from "../../src/index.js";
import { bits, distance, double, gradients, off } from "./in-double.js";

startFrom(5);

type Sizes = readonly number[];

/** What a kernel computes of `inputs`, and PyTorch of others. */
interface Made {
  inputs: T.Tensor[];
  own(): T.Tensor;
  exact(inputs: readonly T.Tensor[]): T.Tensor;
}

interface Kernel {
  make(size: Sizes): Made;
  /** Less than a vector, no multiple of one, several blocks. */
  sizes: readonly Sizes[];
  /** Relative errors of values and of gradients. */
  within: readonly [number, number];
}

function dense(silu: boolean): Kernel {
  return {
    sizes: [
      [3, 6, 5],
      [128, 51, 50],
      [300, 64, 256],
    ],
    within: [1e-6, 3e-6],
    make([rows, inputs, outputs]) {
      const layer = new T.nn.Linear(inputs as number, outputs as number);
      const x = T.randn([rows as number, inputs as number])
        .mul(3)
        .requiresGrad_();
      return {
        inputs: [x, layer.weight, layer.bias],
        own: () => (silu ? layer.silu(x) : layer.forward(x)),
        exact([y, weight, bias]) {
          const z = T.linear(y as T.Tensor, weight as T.Tensor, { bias });
          return silu ? z.silu() : z;
        },
      };
    },
  };
}

const images = ([n, c, height, width]: Sizes) =>
  T.randn([n, c, height, width] as number[]).requiresGrad_();

const convolution: Kernel = {
  sizes: [
    [2, 32, 28, 28, 64],
    [3, 64, 7, 7, 32],
    [1, 96, 5, 9, 32],
    [9, 32, 4, 6, 32],
    [2, 16, 9, 8, 48],
    [5, 80, 7, 7, 16],
  ],
  within: [3e-6, 1e-5],
  make(size) {
    const conv = new T.nn.Conv2d(size[1], size[4], 3, { padding: 1 });
    const x = images(size);
    return {
      inputs: [x, conv.weight, conv.bias],
      own: () => conv.forward(x),
      exact: ([y, weight, bias]) => T.conv2d(y, weight, { bias, padding: 1 }),
    };
  },
};

const norm = (channels: number) => {
  const layer = new T.nn.GroupNorm(8, channels);
  T.noGrad(() => {
    for (const p of layer.parameters()) p.copy_(T.randn([channels]));
  });
  return layer;
};

const normalised = ([x, weight, bias, film]: readonly T.Tensor[]) => {
  const y = T.groupNorm(x as T.Tensor, 8, { weight, bias });
  if (!film) return y.silu();
  const [scale, shift] = film.unsqueeze(-1).unsqueeze(-1).chunk(2, { dim: 1 });
  return y
    .mul((scale as T.Tensor).add(1))
    .add(shift as T.Tensor)
    .silu();
};

function groupNorm(filmed: boolean): Kernel {
  return {
    sizes: [
      [3, 32, 7, 5],
      [2, 64, 14, 14],
      [1, 16, 1, 2],
      [3, 8, 4, 4],
      [2, 24, 5, 3],
    ],
    within: [2e-5, 2e-5],
    make(size) {
      const [n, c] = size as [number, number];
      const layer = norm(c);
      // Far from 0, where sums of squares would lose digits.
      const x = images(size).detach().add(30).requiresGrad_();
      const film = T.randn([n, 2 * c]).requiresGrad_();
      const inputs = [x, layer.weight, layer.bias];
      return {
        inputs: filmed ? [...inputs, film] : inputs,
        own: () => layer.silu(x, filmed ? film : undefined),
        exact: normalised,
      };
    },
  };
}

describe.each([
  ["a fully connected layer", dense(false)],
  ["a fully connected layer with SiLU", dense(true)],
  ["a 3×3 convolution", convolution],
  ["GroupNorm with SiLU", groupNorm(false)],
  ["GroupNorm with film and SiLU", groupNorm(true)],
] as const)("%s", (_, { make, sizes, within }) => {
  it.each(sizes.map((size) => [size] as const))("of %j is right to rounding", (size) => {
    const { inputs, own, exact } = make(size);
    const by = T.randn(own().shape);
    const all = (y: T.Tensor, of: readonly T.Tensor[]) =>
      [y, ...gradients(y.mul(by).sum(), of)].map((t) => t.detach());
    const wide = inputs.map(double);
    const wanted = all(exact(wide), wide);
    const found = all(own(), inputs);
    for (const [i, t] of found.entries())
      expect(off(t, wanted[i] as T.Tensor)).toBeLessThan(within[i === 0 ? 0 : 1]);
    const recorded = T.recorded(() => all(own(), inputs));
    for (let run = 0; run < 2; run++) expect(bits(recorded())).toEqual(bits(found));
    T.setNumThreads(2);
    expect(bits(all(own(), inputs))).toEqual(bits(found));
  });

  it("has no gradients if none are required", () => {
    const { inputs, own } = make(sizes[0] as Sizes);
    expect(T.noGrad(own).requiresGrad).toBe(false);
    inputs[0]?.requiresGrad_(false);
    own().sum().backward();
    expect([inputs[0]?.grad, inputs[1]?.grad?.shape]).toEqual([null, inputs[1]?.shape]);
  });
});

it("a convolution gives an image the same bits alone, and by standing weights", () => {
  for (const size of convolution.sizes) {
    const conv = new T.nn.Conv2d(size[1] as number, size[4] as number, 3, { padding: 1 });
    const x = images(size);
    const whole = T.noGrad(() => conv.forward(x));
    const standing = T.nn.withStandingWeights(() => conv.forward(x));
    expect(bits([standing])).toEqual(bits([whole]));
    const last = size[0] - 1;
    const alone = T.noGrad(() => conv.forward(x.narrow(0, last, 1)));
    expect(distance(alone, whole.narrow(0, last, 1))).toBe(0);
  }
});

describe("other dtypes", () => {
  it("a convolution rounds images to bfloat16 in autocast, and sums in float32: closer than PyTorch's kernel", () => {
    const conv = new T.nn.Conv2d(64, 64, 3, { padding: 1 });
    const x = images([4, 64, 14, 14]);
    const [weight, bias] = [double(conv.weight), double(conv.bias)];
    const exact = T.conv2d(double(x), weight, { bias, padding: 1 });
    const [own, theirs] = T.autocast("bfloat16", () => [
      conv.forward(x),
      T.conv2d(x, conv.weight, { bias: conv.bias, padding: 1 }),
    ]) as [T.Tensor, T.Tensor];
    expect([own.dtype, theirs.dtype]).toEqual(["bfloat16", "bfloat16"]);
    expect(off(own, exact)).toBeLessThan(off(theirs, exact));
    const [g] = gradients(own.to("float32").sum(), [conv.weight]);
    expect(g.dtype).toBe("float32");
  });

  it("GroupNorm takes bfloat16 to its rounding, and images of one pixel by PyTorch's kernel", () => {
    const layer = norm(32);
    const of = layer.parameters().map(double);
    const short = T.randn([2, 32, 6, 6]).to("bfloat16");
    expect(layer.silu(short).dtype).toBe("bfloat16");
    expect(off(layer.silu(short), normalised([double(short), ...of]))).toBeLessThan(2 ** -8);
    const pixel = T.zeros([2, 32, 1, 1]);
    expect(off(layer.silu(pixel), normalised([double(pixel), ...of]))).toBeLessThan(1e-6);
  });

  it("float64 is PyTorch's, and bad shapes are refused", () => {
    const conv = new T.nn.Conv2d(32, 32, 3, { padding: 1 });
    const layer = norm(32);
    for (const module of [conv, layer]) module.to({ dtype: "float64" });
    const x = T.randn([1, 32, 8, 8]).to("float64");
    expect([conv.forward(x).dtype, layer.silu(x).dtype]).toEqual(["float64", "float64"]);
    const other = new T.nn.Conv2d(64, 32, 3, { padding: 1 });
    const wrong = () => other.forward(T.zeros([1, 32, 8, 8]));
    expect(wrong).toThrow(/channels/);
    expect(() => T.nn.withStandingWeights(wrong)).toThrow(/channels/);
  });
});
