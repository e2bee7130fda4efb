// Layers for images: PyTorch's initial weights and values, and errors that say what is wrong.
import { beforeAll, describe, expect } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { it } from "../../../../../test/support/in-scope.js";
import * as T from "../../src/index.js";
import { nn, tensor, tidy } from "../../src/index.js";
import { distance } from "./in-double.js";

beforeAll(() => T.setNumThreads(1));

const close = (t: T.Tensor, want: readonly number[], digits?: number) =>
  expectClose(t.toNumbers(), want, digits);

describe("convolutions", () => {
  it("start as PyTorch's after the same manual seed", () => {
    // Of four inputs an output each, whatever their places.
    for (const make of [() => new nn.Conv1d(2, 2, 2), () => new nn.Conv2d(4, 2, 1)]) {
      T.manualSeed(42);
      using layer = make();
      close(
        layer.weight,
        [
          0.3822692632675171, 0.4150039553642273, -0.11713624000549316, 0.45930564403533936,
          -0.10955178737640381, 0.10089534521102905, -0.24342751502990723, 0.2936413288116455,
        ],
      );
      close(layer.bias, [0.4407714605331421, -0.3668140769004822]);
    }
  });

  const options: nn.ConvOptions[] = [
    {},
    { stride: 2, padding: 1 },
    { paddingMode: "circular", padding: 2, stride: 2 },
    { paddingMode: "circular" },
  ];
  it.each(options)("have zeros or the opposite side beyond the edges, %j", (option) => {
    const generator = T.Generator.create(3);
    const { padding = 0, stride, paddingMode } = option;
    /** The input with its padding written out along a dimension. */
    const widened = (x: T.Tensor, dim: number) => {
      const n = x.size(dim);
      const at = Array.from({ length: n + 2 * padding }, (_, i) => i - padding);
      const inside = tensor(at.map((i) => (paddingMode || (i >= 0 && i < n) ? 1 : 0)));
      const places = tensor(at.map((i) => BigInt((i + n) % n)));
      const shape = x.shape.map((_, d) => (d === dim ? -1 : 1));
      return x.indexSelect(dim, places).mul(inside.reshape(shape));
    };
    using plane = new nn.Conv2d(4, 6, 3, { ...option, generator });
    const x = T.randn([2, 4, 6, 7], { generator });
    const exact = T.conv2d(widened(widened(x, 2), 3), plane.weight, { bias: plane.bias, stride });
    expect(distance(plane.forward(x), exact)).toBeLessThan(1e-5);
    using line = new nn.Conv1d(4, 6, 3, { ...option, generator });
    const row = x.select(2, 0);
    const wanted = T.conv1d(widened(row, 2), line.weight, { bias: line.bias, stride });
    expect(distance(line.forward(row), wanted)).toBeLessThan(1e-5);
  });

  it("refuse what is no convolution, and inputs with other channels", () => {
    expect(() => new nn.Conv2d(0, 1, 3)).toThrow(/Conv2d: inChannels is 0; expected an integer/);
    expect(() => new nn.Conv1d(1, 1, 3, { stride: 0 })).toThrow(/Conv1d: stride is 0/);
    using layer = new nn.Conv2d(1, 1, 3);
    expect(() => layer.forward(T.zeros([1, 3, 8, 8]))).toThrow(/conv2d.*1 channels.*3 channels/);
  });
});

it("GroupNorm brings each group of each sample to mean 0 and variance 1", () => {
  using norm = new nn.GroupNorm(2, 4);
  const x = tensor([1, 2, 4, 8, 3, 5, 7, 11]).view([1, 4, 2]);
  const rows = [
    [-1.02575457, -0.65275294, 0.09325042, 1.58525705],
    [-1.18321526, -0.50709224, 0.16903076, 1.52127683],
  ].flat();
  close(norm.forward(x), rows);
  norm.weight.detach().fill_(3);
  norm.bias.detach().copy_(tensor([1, 2, 3, 4]));
  close(
    norm.forward(x),
    rows.map((v, i) => 3 * v + Math.floor(i / 2) + 1),
    5,
  );
  expect(() => new nn.GroupNorm(3, 4)).toThrow(/3 groups for 4 channels; expected a divisor/);
});

it("Embedding starts as PyTorch's, adds up gradients of rows, and refuses rows that are none", () => {
  T.manualSeed(42);
  using table = new nn.Embedding(3, 2);
  close(
    table.weight,
    [
      0.33669036626815796, 0.12880940735340118, 0.23446236550807953, 0.23033303022384644,
      -1.1228563785552979, -0.18632829189300537,
    ],
  );
  tidy(() => {
    const rows = table.forward(tensor([2n, 1n, 0n, 2n]));
    rows
      .mul(tensor([[1], [2], [3], [4]]))
      .sum()
      .backward();
    expect(table.weight.grad?.toNumbers()).toEqual([3, 3, 2, 2, 5, 5]);
  });
  table.zeroGrad();
  expect(() => table.forward(tensor([3n]))).toThrow(/out of range/);
});
