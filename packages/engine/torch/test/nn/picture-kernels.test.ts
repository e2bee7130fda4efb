// The kernels of our own for pictures, 3×3 convolutions and GroupNorm with SiLU, beside PyTorch's in double precision:
// values, gradients and gradients of gradients; bits do not depend on threads, on recording, nor on the other images.
import { describe, expect, it } from "vitest";
import { startFrom } from "../../../../../test/support/start.js";
import * as T from "../../src/index.js";
import { distance, double, gradients, off } from "./in-double.js";

startFrom(5);

const same = (a: readonly T.Tensor[], b: readonly T.Tensor[]) =>
  a.every((x, i) => distance(x, b[i] as T.Tensor) === 0);

/** Images, a layer and what its result is weighted by for a gradient. */
function convolution([n, from, to, height, width]: readonly number[]) {
  const conv = new T.nn.Conv2d(from, to, 3, { padding: 1 });
  const x = T.randn([n, from, height, width]).requiresGrad_();
  return { conv, x, by: T.randn([n, to, height, width]) };
}

const sizes = [
  [2, 32, 64, 28, 28],
  [3, 64, 32, 7, 7],
  [1, 96, 32, 5, 9],
  [9, 32, 32, 4, 6],
  [2, 16, 48, 9, 8],
  [5, 80, 16, 7, 7],
] as const;

describe("3×3 convolutions", () => {
  it.each(sizes)(
    "%i images, %i to %i channels, %i×%i: values and gradients to rounding",
    (...size) => {
      const { conv, x, by } = convolution(size);
      const [w, b] = [conv.weight, conv.bias as T.Tensor];
      const y = conv.forward(x);
      const [x64, w64, b64] = [x, w, b].map(double) as [T.Tensor, T.Tensor, T.Tensor];
      const exact = T.conv2d(x64, w64, { bias: b64, padding: [1, 1] });
      expect(off(y, exact)).toBeLessThan(3e-6);
      const found = gradients(y.mul(by).sum(), [x, w, b]);
      const wanted = gradients(exact.mul(by).sum(), [x64, w64, b64]);
      for (const [i, g] of found.entries())
        expect(off(g, wanted[i] as T.Tensor)).toBeLessThan(1e-5);
      const plain = T.conv2d(x, w, { bias: b, padding: [1, 1] });
      expect(plain.shape).toEqual(y.shape);
    },
  );

  it("has the same bits on two threads, recorded, by standing weights, and for an image alone", () => {
    for (const size of sizes) {
      const { conv, x, by } = convolution(size);
      const all = () => {
        const y = conv.forward(x);
        return [y, ...gradients(y.mul(by).sum(), [x, conv.weight, conv.bias as T.Tensor])];
      };
      const one = all();
      T.setNumThreads(2);
      expect(same(one, all())).toBe(true);
      T.setNumThreads(1);
      const step = T.recorded((image) => {
        const y = conv.forward(image);
        return [y, ...gradients(y.mul(by).sum(), [conv.weight])];
      });
      for (let i = 0; i < 2; i++) {
        const [y, g] = step(x.detach()) as [T.Tensor, T.Tensor];
        expect(same([y, g], [one[0] as T.Tensor, one[2] as T.Tensor])).toBe(true);
      }
      const standing = T.nn.withStandingWeights(() => conv.forward(x));
      expect(same([standing], [one[0]?.detach() as T.Tensor])).toBe(true);
      const alone = conv.forward(x.narrow(0, size[0] - 1, 1));
      expect(same([alone], [(one[0] as T.Tensor).narrow(0, size[0] - 1, 1)])).toBe(true);
    }
  });

  it("has gradients of gradients", () => {
    const penalty = (x: T.Tensor, w: T.Tensor, forward: () => T.Tensor) => {
      const [g] = gradients(forward().pow(3).sum(), [x], true) as [T.Tensor];
      return gradients(g.pow(2).sum(), [w])[0] as T.Tensor;
    };
    const { conv, x } = convolution([2, 32, 32, 6, 6]);
    const [x64, w64, b64] = [x, conv.weight, conv.bias as T.Tensor].map(double) as T.Tensor[];
    const exact = penalty(x64 as T.Tensor, w64 as T.Tensor, () =>
      T.conv2d(x64 as T.Tensor, w64 as T.Tensor, { bias: b64 as T.Tensor, padding: [1, 1] }),
    );
    expect(
      off(
        penalty(x, conv.weight, () => conv.forward(x)),
        exact,
      ),
    ).toBeLessThan(1e-4);
  });

  it("rounds images to bfloat16 in autocast, and sums in float32: nearer to the truth than PyTorch's kernel", () => {
    const { conv, x } = convolution([4, 64, 64, 14, 14]);
    const [w64, b64] = [double(conv.weight), double(conv.bias as T.Tensor)];
    const exact = T.conv2d(double(x), w64, { bias: b64, padding: [1, 1] });
    const [own, theirs] = T.autocast("bfloat16", () => [
      conv.forward(x),
      T.conv2d(x, conv.weight, { bias: conv.bias, padding: [1, 1] }),
    ]) as [T.Tensor, T.Tensor];
    expect([own.dtype, theirs.dtype]).toEqual(["bfloat16", "bfloat16"]);
    expect(off(own, exact)).toBeLessThan(off(theirs, exact));
    const [g] = gradients(own.to("float32").sum(), [conv.weight]) as [T.Tensor];
    expect(g.dtype).toBe("float32");
  });

  it("is PyTorch's for other dtypes, and refuses what does not fit", () => {
    const { conv, x } = convolution([1, 32, 32, 8, 8]);
    conv.to({ dtype: "float64" });
    expect(conv.forward(x.to("float64")).dtype).toBe("float64");
    const other = new T.nn.Conv2d(64, 32, 3, { padding: 1 });
    expect(() => other.forward(T.zeros([1, 32, 8, 8]))).toThrow(/channels/);
    expect(() => T.nn.withStandingWeights(() => other.forward(T.zeros([1, 32, 8, 8])))).toThrow(
      /channels/,
    );
  });
});

describe("GroupNorm, film and SiLU", () => {
  const norm = (c: number) => {
    const layer = new T.nn.GroupNorm(8, c);
    T.noGrad(() => {
      layer.weight?.copy_(T.randn([c]));
      layer.bias?.copy_(T.randn([c]));
    });
    return layer;
  };
  const plainly = (x: T.Tensor, w: T.Tensor, b: T.Tensor, film?: T.Tensor) => {
    const y = T.groupNorm(x, 8, { weight: w, bias: b });
    if (!film) return y.silu();
    const [scale, shift] = film.unsqueeze(-1).unsqueeze(-1).chunk(2, { dim: 1 }) as T.Tensor[];
    return y
      .mul((scale as T.Tensor).add(1))
      .add(shift as T.Tensor)
      .silu();
  };

  it.each([true, false])("values and gradients to rounding, with film: %s", (filmed) => {
    for (const [n, c, h, w] of [
      [3, 32, 7, 5],
      [2, 64, 28, 28],
      [1, 16, 1, 2],
      [3, 8, 4, 4],
      [2, 24, 5, 3],
    ] as const) {
      const layer = norm(c);
      // Far from 0, where sums of squares would lose digits.
      const x = T.randn([n, c, h, w]).add(30).requiresGrad_();
      const film = filmed ? T.randn([n, 2 * c]).requiresGrad_() : undefined;
      const of = [x, layer.weight as T.Tensor, layer.bias as T.Tensor, ...(film ? [film] : [])];
      const wide = of.map(double) as [T.Tensor, T.Tensor, T.Tensor, T.Tensor?];
      const by = T.randn([n, c, h, w]);
      const run = (threads: number) => {
        T.setNumThreads(threads);
        const y = layer.silu(x, film);
        return [y, ...gradients(y.mul(by).sum(), of)];
      };
      const found = run(1);
      expect(same(found, run(2))).toBe(true);
      const y = plainly(...wide);
      const exact = [y, ...gradients(y.mul(by).sum(), wide as T.Tensor[])];
      const normal = T.groupNorm(wide[0], 8, { weight: wide[1], bias: wide[2] });
      expect(off(layer.forward(x), normal)).toBeLessThan(2e-5);
      // The numbers 30 + z have 2⁻¹⁹ of z as their last place.
      for (const [i, z] of found.entries()) expect(off(z, exact[i] as T.Tensor)).toBeLessThan(2e-5);
    }
  });

  it("recorded it has the same bits, and gradients of gradients", () => {
    const layer = norm(32);
    const x = T.randn([2, 32, 4, 4]).requiresGrad_();
    const film = T.randn([2, 64]).requiresGrad_();
    const step = T.recorded((image) => {
      const y = layer.silu(image, film);
      return [y, ...gradients(y.pow(2).sum(), [layer.weight as T.Tensor, film])];
    });
    const first = step(x.detach());
    expect(same(step(x.detach()), first)).toBe(true);
    const penalty = (image: T.Tensor, f: T.Tensor, y: T.Tensor) => {
      const [g] = gradients(y.pow(3).sum(), [image], true) as [T.Tensor];
      return gradients(g.pow(2).sum(), [f])[0] as T.Tensor;
    };
    const [x64, w64, b64, f64] = [
      ...[x, layer.weight as T.Tensor, layer.bias as T.Tensor, film].map(double),
    ] as [T.Tensor, T.Tensor, T.Tensor, T.Tensor];
    const exact = penalty(x64, f64, plainly(x64, w64, b64, f64));
    expect(off(penalty(x, film, layer.silu(x, film)), exact)).toBeLessThan(1e-4);
  });

  it("takes bfloat16 to its rounding, rows of one channel and other dtypes by PyTorch's kernels", () => {
    const layer = norm(32);
    const x = T.randn([2, 32, 6, 6]);
    const [w, b] = [double(layer.weight as T.Tensor), double(layer.bias as T.Tensor)];
    const short = x.to("bfloat16");
    const y = layer.silu(short);
    expect(y.dtype).toBe("bfloat16");
    expect(off(y, plainly(double(short), w, b))).toBeLessThan(2 ** -8);
    expect(
      off(
        layer.silu(T.zeros([2, 32, 1, 1])),
        plainly(T.zeros([2, 32, 1, 1], { dtype: "float64" }), w, b),
      ),
    ).toBeLessThan(1e-6);
    layer.to({ dtype: "float64" });
    expect(layer.silu(x.to("float64")).dtype).toBe("float64");
  });
});
