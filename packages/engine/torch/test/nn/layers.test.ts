// Layers for images: PyTorch's initial weights and values, sums written out by hand, and errors that say what is wrong.
import { beforeAll, describe, expect } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { it } from "../../../../../test/support/in-scope.js";
import * as T from "../../src/index.js";
import { nn, tensor, tidy } from "../../src/index.js";

beforeAll(() => T.setNumThreads(1));

const close = (t: T.Tensor, want: readonly number[], digits?: number) =>
  expectClose(t.toNumbers(), want, digits);

/** The pixel that stands at i of a side of n pixels, or nothing. */
const beyond: Record<nn.PaddingMode, (i: number, n: number) => number | null> = {
  zeros: (i, n) => (i < 0 || i >= n ? null : i),
  circular: (i, n) => (i + n) % n,
  replicate: (i, n) => Math.min(Math.max(i, 0), n - 1),
  reflect: (i, n) => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i),
};

/** Σ over channels of the group and over the kernel, one output at a time. */
function convolved(
  x: T.Tensor,
  { weight, bias }: nn.Conv2d,
  { stride = [1, 1], padding = [0, 0], dilation = [1, 1], groups = 1 },
  mode: nn.PaddingMode = "zeros",
): number[] {
  const [n, , h, w] = x.shape as [number, number, number, number];
  const [out, per, kh, kw] = weight.shape as [number, number, number, number];
  const span = (size: number, k: number, i: number) =>
    Math.floor((size + 2 * padding[i]! - dilation[i]! * (k - 1) - 1) / stride[i]!) + 1;
  const [rows, cols] = [span(h, kh, 0), span(w, kw, 1)];
  const [xs, ws, bs] = [x.toNumbers(), weight.toNumbers(), (bias as T.Tensor).toNumbers()];
  const at = (b: number, c: number, i: number, j: number) => {
    const [row, column] = [beyond[mode](i, h), beyond[mode](j, w)];
    return row === null || column === null ? 0 : xs[((b * x.size(1) + c) * h + row) * w + column]!;
  };
  const result: number[] = [];
  for (let b = 0; b < n; b++)
    for (let o = 0; o < out; o++)
      for (let r = 0; r < rows; r++)
        for (let s = 0; s < cols; s++) {
          let sum = bs[o]!;
          for (let c = 0; c < per; c++)
            for (let i = 0; i < kh; i++)
              for (let j = 0; j < kw; j++)
                sum +=
                  ws[((o * per + c) * kh + i) * kw + j]! *
                  at(
                    b,
                    Math.floor(o / (out / groups)) * per + c,
                    r * stride[0]! + i * dilation[0]! - padding[0]!,
                    s * stride[1]! + j * dilation[1]! - padding[1]!,
                  );
          result.push(sum);
        }
  return result;
}

describe("convolutions", () => {
  it("start as PyTorch's after the same manual seed", () => {
    T.manualSeed(42);
    using plane = new nn.Conv2d(2, 2, [2, 1], { groups: 2 });
    expect(plane.weight.shape).toEqual([2, 1, 2, 1]);
    close(
      plane.weight,
      [0.5406103730201721, 0.5869042277336121, -0.16565565764904022, 0.6495562791824341],
    );
    close(plane.bias as T.Tensor, [-0.15492962300777435, 0.14268755912780762]);
    T.manualSeed(42);
    using line = new nn.Conv1d(2, 2, 2);
    close(
      line.weight,
      [
        0.3822692632675171, 0.4150039553642273, -0.11713624000549316, 0.45930564403533936,
        -0.10955178737640381, 0.10089534521102905, -0.24342751502990723, 0.2936413288116455,
      ],
    );
    close(line.bias as T.Tensor, [0.4407714605331421, -0.3668140769004822]);
  });

  const cases: [string, nn.ConvOptions][] = [
    ["plain", {}],
    ["strided and padded", { stride: 2, padding: 1 }],
    ["other along each side", { stride: [1, 2], padding: [2, 0], dilation: [2, 1] }],
    ["in groups", { groups: 2, padding: 1 }],
    ["on a torus", { paddingMode: "circular", padding: [2, 1], stride: [1, 2] }],
    ["between mirrors", { paddingMode: "reflect", padding: [1, 2], groups: 2 }],
    ["with edges that go on", { paddingMode: "replicate", padding: 2 }],
    ["without padding, whatever its mode", { paddingMode: "circular" }],
  ];
  it.each(cases)("are sums of products: %s", (_, options) => {
    const generator = T.Generator.create(3);
    using layer = new nn.Conv2d(4, 6, [3, 2], { ...options, generator });
    const x = T.randn([2, 4, 6, 7], { generator });
    const pair = (v: nn.Size | undefined, or: number) =>
      v === undefined ? [or, or] : typeof v === "number" ? [v, v] : [...v];
    const window = {
      stride: pair(options.stride, 1),
      padding: pair(options.padding, 0),
      dilation: pair(options.dilation, 1),
      groups: options.groups ?? 1,
    };
    const want = convolved(x, layer, window, options.paddingMode);
    close(layer.forward(x), want, 5);
  });

  it.each<nn.PaddingMode>(["zeros", "circular"])(
    "over one dimension are those over an image of one row: %s",
    (paddingMode) => {
      const generator = T.Generator.create(4);
      const options = { paddingMode, generator };
      using line = new nn.Conv1d(3, 2, 3, { stride: 2, padding: 1, ...options });
      using plane = new nn.Conv2d(3, 2, [1, 3], { stride: [1, 2], padding: [0, 1], ...options });
      plane.weight.detach().copy_(line.weight.detach().unsqueeze(2));
      (plane.bias as T.Tensor).detach().copy_((line.bias as T.Tensor).detach());
      const x = T.randn([2, 3, 9], { generator });
      close(line.forward(x), plane.forward(x.unsqueeze(2)).toNumbers());
    },
  );

  it("refuse what is no convolution, and inputs with other channels", () => {
    expect(() => new nn.Conv2d(0, 1, 3)).toThrow(/input channels is 0; expected an integer/);
    expect(() => new nn.Conv2d(1, 1, 3, { stride: 0 })).toThrow(/stride is 0/);
    expect(() => new nn.Conv2d(1, 1, [3, 3, 3])).toThrow(/kernel size has 3 numbers; expected one/);
    const wrapped = { paddingMode: "wrap" as nn.PaddingMode };
    expect(() => new nn.Conv2d(1, 1, 3, wrapped)).toThrow(
      /paddingMode is wrap; expected one of zeros, reflect, replicate, circular/,
    );
    expect(() => new nn.Conv1d(4, 6, 3, { groups: 4 })).toThrow(/Conv1d: 4 groups.*divisor/);
    using layer = new nn.Conv2d(1, 1, 3, { bias: false });
    expect([...layer.stateDict().keys()]).toEqual(["weight"]);
    expect(() => layer.forward(T.zeros([1, 3, 8, 8]))).toThrow(/conv2d.*1 channels.*3 channels/);
  });
});

describe("normalisation", () => {
  const x = () =>
    tensor([
      [1, 2, 4, 8],
      [3, 5, 7, 11],
    ]);
  const rows = [
    [-1.02575457, -0.65275294, 0.09325042, 1.58525705],
    [-1.18321526, -0.50709224, 0.16903076, 1.52127683],
  ].flat();

  it("of groups brings each group of each sample to mean 0 and variance 1", () => {
    using norm = new nn.GroupNorm(2, 4);
    // Two groups of two channels of two pixels: the same rows of four numbers as above.
    close(norm.forward(x().view([1, 4, 2])), rows);
    const y = norm.forward(T.randn([3, 4, 5, 6]).mul(7).add(3)).reshape([3, 2, 60]);
    close(y.mean([2]), new Array(6).fill(0), 5);
    close(y.var({ dim: [2], correction: 0 }), new Array(6).fill(1), 4);
    (norm.weight as T.Tensor).detach().fill_(3);
    (norm.bias as T.Tensor).detach().copy_(tensor([1, 2, 3, 4]));
    close(
      norm.forward(x().view([1, 4, 2])),
      rows.map((v, i) => 3 * v + Math.floor(i / 2) + 1),
      5,
    );
    using plain = new nn.GroupNorm(2, 4, { affine: false, eps: 3 });
    expect(plain.parameters()).toEqual([]);
    // With a variance of 5 and eps 3, deviations are divided by √8.
    close(
      plain.forward(tensor([[-3, -1, 1, 3, 0, 0, 0, 0]]).view([1, 4, 2])),
      [-3, -1, 1, 3, 0, 0, 0, 0].map((v) => v / Math.sqrt(8)),
    );
    expect(() => new nn.GroupNorm(3, 4)).toThrow(/3 groups for 4 channels; expected a divisor/);
  });
});

describe("Embedding", () => {
  it("starts as PyTorch's, with a row that stays zero", () => {
    T.manualSeed(42);
    using table = new nn.Embedding(3, 2, { paddingIdx: -2 });
    close(
      table.weight,
      [0.33669036626815796, 0.12880940735340118, 0, 0, -1.1228563785552979, -0.18632829189300537],
    );
    tidy(() => {
      const rows = table.forward(tensor([2n, 1n, 0n, 2n]));
      expect(rows.shape).toEqual([4, 2]);
      expect(rows.select(0, 0).toNumbers()).toEqual(rows.select(0, 3).toNumbers());
      rows
        .mul(tensor([[1], [2], [3], [4]]))
        .sum()
        .backward();
      // Rows add up what was asked of them; the padding row gets nothing.
      expect(table.weight.grad?.toNumbers()).toEqual([3, 3, 0, 0, 5, 5]);
    });
    table.zeroGrad();
  });
  it("refuses rows that are none", () => {
    expect(() => new nn.Embedding(3, 2, { paddingIdx: 3 })).toThrow(/paddingIdx is 3.*-3 to 2/);
    using table = new nn.Embedding(3, 2);
    expect(() => table.forward(tensor([3n]))).toThrow(/out of range/);
  });
});

describe("resizing", () => {
  const doubled = [0, 0, 1, 1, 2, 2];
  const cases: [string, nn.InterpolateOptions, number[], number[]][] = [
    [
      "nearest, twice",
      { scaleFactor: 2 },
      [4, 6],
      [...doubled, ...doubled, ...doubled.map((v) => v + 3), ...doubled.map((v) => v + 3)],
    ],
    ["nearest, by size", { size: [3, 5] }, [3, 5], [0, 0, 1, 1, 2, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5]],
    ["nearest, by a fraction", { scaleFactor: 1.5 }, [3, 4], [0, 0, 1, 2, 0, 0, 1, 2, 3, 3, 4, 5]],
    [
      "bilinear, by a fraction",
      { scaleFactor: 1.7, mode: "bilinear" },
      [3, 5],
      [
        0, 0.382353, 0.970588, 1.558824, 2, 1.147059, 1.529412, 2.117647, 2.705883, 3.147059,
        2.911765, 3.294118, 3.882353, 4.470589, 4.911765,
      ],
    ],
    [
      "bilinear, corners aligned",
      { size: [3, 4], mode: "bilinear", alignCorners: true },
      [3, 4],
      [0, 2 / 3, 4 / 3, 2, 1.5, 13 / 6, 17 / 6, 3.5, 3, 11 / 3, 13 / 3, 5],
    ],
  ];
  it.each(cases)("interpolates as PyTorch: %s", (_, options, size, want) => {
    const y = nn.interpolate(T.arange(0, 6).view([1, 1, 2, 3]), options);
    expect(y.shape).toEqual([1, 1, ...size]);
    close(y, want, 5);
  });

  it("refuses what is no image and no size", () => {
    const x = T.zeros([1, 1, 2, 2]);
    expect(() => nn.interpolate(T.zeros([2, 2]), { size: 2 })).toThrow(/expected \[B, C, H, W\]/);
    expect(() => nn.interpolate(x, {})).toThrow(/either size or scaleFactor/);
    expect(() => nn.interpolate(x, { size: 2, scaleFactor: 2 })).toThrow(/either size/);
    expect(() => nn.interpolate(x, { scaleFactor: [2, 0] })).toThrow(/positive numbers/);
    const mode = "bicubic" as "nearest";
    expect(() => nn.interpolate(x, { size: 4, mode })).toThrow(/expected nearest or bilinear/);
  });
});
