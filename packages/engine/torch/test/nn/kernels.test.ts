// Layers by kernels of our own: which kernel they take, and in which dtype. The kernels themselves: ../kernel.
import { describe, expect, it } from "vitest";
import { startFrom } from "../../../../../test/support/start.js";
import * as T from "../../src/index.js";
import { convolutionSizes, plainNorm } from "../kernel/image.js";
import { bits, distance, gradients, inDouble, relativeError } from "../kernel/in-double.js";
import { records } from "../kernel/records.js";

startFrom(5);

const images = (n: number, channels: number, height: number, width: number) =>
  T.randn([n, channels, height, width]).requiresGrad_();

const norm = (channels: number) => {
  const layer = new T.nn.GroupNorm(8, channels);
  T.noGrad(() => {
    for (const p of layer.parameters()) p.copy_(T.randn([channels]));
  });
  return layer;
};

describe("layers take the kernels of the table:", () => {
  const sizesOf = (title: string) => records.find((record) => record.title === title)?.sizes ?? [];
  it.each(sizesOf("a fully connected layer"))(
    "Linear of %i rows, %i inputs and %i outputs",
    (...size) => {
      const [rows, inputs, outputs] = size;
      const layer = new T.nn.Linear(inputs, outputs);
      const x = T.randn([rows, inputs]);
      const operations = (fn: () => T.Tensor) =>
        T.describeProgram(T.Program.record(() => [fn()], []).program).steps.map(({ name }) => name);
      for (const fn of [() => layer.forward(x), () => layer.silu(x)])
        expect(operations(fn)).toContain("dsbm::dense");
    },
  );
});

it("a convolution gives an image the same bits alone, and by standing weights", () => {
  for (const size of convolutionSizes) {
    const [n, from, height, width, to] = size;
    const conv = new T.nn.Conv2d(from, to, 3, { padding: 1 });
    const x = images(n, from, height, width);
    const whole = T.noGrad(() => conv.forward(x));
    const standing = T.nn.withStandingWeights(() => conv.forward(x));
    expect(bits([standing])).toEqual(bits([whole]));
    const last = n - 1;
    const alone = T.noGrad(() => conv.forward(x.narrow(0, last, 1)));
    expect(distance(alone, whole.narrow(0, last, 1))).toBe(0);
  }
});

describe("other dtypes", () => {
  it("a convolution rounds images to bfloat16 in autocast, and sums in float32: closer than PyTorch's kernel", () => {
    const conv = new T.nn.Conv2d(64, 64, 3, { padding: 1 });
    const x = images(4, 64, 14, 14);
    const [weight, bias] = [inDouble(conv.weight), inDouble(conv.bias)];
    const exact = T.conv2d(inDouble(x), weight, { bias, padding: 1 });
    const [own, theirs] = T.autocast("bfloat16", () => [
      conv.forward(x),
      T.conv2d(x, conv.weight, { bias: conv.bias, padding: 1 }),
    ]) as [T.Tensor, T.Tensor];
    expect([own.dtype, theirs.dtype]).toEqual(["bfloat16", "bfloat16"]);
    expect(relativeError(own, exact)).toBeLessThan(relativeError(theirs, exact));
    const [g] = gradients(own.to("float32").sum(), [conv.weight]);
    expect(g.dtype).toBe("float32");
  });

  it("GroupNorm takes bfloat16 to its rounding, and images of one pixel by PyTorch's kernel", () => {
    const layer = norm(32);
    const of = layer.parameters().map(inDouble);
    const short = T.randn([2, 32, 6, 6]).to("bfloat16");
    expect(layer.silu(short).dtype).toBe("bfloat16");
    expect(relativeError(layer.silu(short), plainNorm([inDouble(short), ...of]))).toBeLessThan(
      2 ** -8,
    );
    const pixel = T.zeros([2, 32, 1, 1]);
    expect(relativeError(layer.silu(pixel), plainNorm([inDouble(pixel), ...of]))).toBeLessThan(
      1e-6,
    );
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
