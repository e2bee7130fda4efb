// Layers for images: PyTorch's initial weights and values, and errors that say what is wrong.
import { beforeAll, describe, expect } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { it } from "../../../../../test/support/in-scope.js";
import * as T from "../../src/index.js";
import { nn, tensor, tidy } from "../../src/index.js";

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

  it("refuse bad options, and inputs with other channels", () => {
    expect(() => new nn.Conv2d(0, 1, 3)).toThrow(/Conv2d: inChannels is 0; expected an integer/);
    expect(() => new nn.Conv1d(1, 1, 3, { stride: 0 })).toThrow(/Conv1d: stride is 0/);
    using layer = new nn.Conv2d(1, 1, 3);
    expect(() => layer.forward(T.zeros([1, 3, 8, 8]))).toThrow(/conv2d.*1 channels.*3 channels/);
  });
});

it("Embedding starts as PyTorch's, adds gradients of rows, and refuses bad row numbers", () => {
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
