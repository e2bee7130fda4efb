// The pieces of the UNet in float64, against the formulas that they are shortcuts of.
import * as T from "@dsbm/torch";
import { conv2d, pad, type Tensor, tensor } from "@dsbm/torch";
import { beforeAll, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { normal } from "../../../../../test/support/numbers.js";
import { AttentionBlock } from "../../src/unet/attention.js";

import { PointwiseConv2d } from "../../src/unet/layers.js";
import { ResBlock, type ResBlockOptions } from "../../src/unet/res-block.js";
import { DoubledConv2d, Downsample, doubled, halved, Upsample } from "../../src/unet/resample.js";
import { TimeEmbedding } from "../../src/unet/time-embedding.js";
import { expectKept, expectSame, layersOf, random } from "../networks.js";

beforeAll(() => T.setNumThreads(1));

describe("convolutions", () => {
  it.each(["zeros", "circular"] as const)(
    "of doubled images are those of images doubled first: %s",
    (paddingMode) => {
      using layer = random(new DoubledConv2d(3, 2, { paddingMode }));
      expect([...layer.stateDict()].map(([name, t]) => [name, t.shape])).toEqual([
        ["weight", [2, 3, 3, 3]],
        ["bias", [2]],
      ]);
      const mode = paddingMode === "zeros" ? "constant" : "circular";
      const plain = (x: Tensor) =>
        conv2d(pad(doubled(x), [1, 1, 1, 1], { mode }), layer.weight, { bias: layer.bias });
      expectSame((x) => layer.forward(x), plain, normal([2, 3, 4, 5], 2), layer.parameters());
    },
  );

  it("of single pixels are 1×1 convolutions", () => {
    using layer = random(new PointwiseConv2d(3, 4));
    const plain = (x: Tensor) => conv2d(x, layer.weight, { bias: layer.bias });
    expectSame((x) => layer.forward(x), plain, normal([2, 3, 4, 5], 3), layer.parameters());
  });
});

describe("resampling", () => {
  it("with convolutions has their parameters under the published names", () => {
    using down = new Downsample(2, { conv: true });
    using up = new Upsample(2, { conv: true });
    expect([...down.stateDict().keys()]).toEqual(["op.weight", "op.bias"]);
    expect([...up.stateDict().keys()]).toEqual(["conv.weight", "conv.bias"]);
    expect(down.forward(T.zeros([1, 2, 8, 6])).shape).toEqual([1, 2, 4, 3]);
  });
});

describe("TimeEmbedding", () => {
  it("is cosines, then sines, of falling frequency", () => {
    const got = new TimeEmbedding(7).forward(tensor([0, 2.5])).toNumbers();
    const wave = (t: number) => [0, 1, 2].map((i) => t * 10000 ** (-i / 2));
    const row = (t: number) => [...wave(t).map(Math.cos), ...wave(t).map(Math.sin), 0];
    [...row(0), ...row(2.5)].forEach((x, i) => {
      expect(got[i]).toBeCloseTo(x, 6);
    });
  });
});

describe("AttentionBlock", () => {
  it("is softmax(q·k/√d)·v per head, projected and added", () => {
    const heads = 2;
    using block = random(new AttentionBlock(8, { heads, groups: 4 }));
    const { norm, qkv, proj_out } = block;
    const plain = (x: Tensor) => {
      const pixels = x.flatten({ startDim: 2 });
      const all = T.conv1d(norm.forward(pixels), qkv.weight, { bias: qkv.bias });
      const rows = all.chunk(heads, { dim: 1 }).map((head) => {
        const [q, k, v] = head.chunk(3, { dim: 1 }) as [Tensor, Tensor, Tensor];
        const weights = q.transpose(1, 2).matmul(k).div(Math.sqrt(4)).softmax(2);
        return v.matmul(weights.transpose(1, 2));
      });
      const out = T.conv1d(T.cat(rows, { dim: 1 }), proj_out.weight, { bias: proj_out.bias });
      return out.add(pixels).view(x.shape);
    };
    expectSame((x) => block.forward(x), plain, normal([2, 8, 3, 4], 5), block.parameters());
  });
});

describe("ResBlock", () => {
  const options: ResBlockOptions = {
    embedding: 6,
    groups: 4,
    dropout: 0,
    use_scale_shift_norm: true,
  };
  /** The block as its layers' names say it. */
  const plain = (block: ResBlock, emb: Tensor, change: (x: Tensor) => Tensor, film: boolean) => {
    const { at, norm, conv, dense } = layersOf(block, 4);
    return (x: Tensor) => {
      const e = dense(emb, "emb_layers.1");
      let h = conv(change(norm(x, "in_layers.0").silu()), "in_layers.2");
      if (film) {
        const [scale, shift] = e.chunk(2, { dim: 1 }) as [Tensor, Tensor];
        h = norm(h, "out_layers.0").mul(scale.add(1)).add(shift);
      } else h = norm(h.add(e), "out_layers.0");
      const skip = at("skip_connection.weight") ? conv(change(x), "skip_connection", 0) : change(x);
      return skip.add(conv(h.silu(), "out_layers.3"));
    };
  };
  const same = (x: Tensor) => x;
  const cases: [string, number, Partial<ResBlockOptions>, (x: Tensor) => Tensor][] = [
    ["scale and shift, other channels", 12, {}, same],
    ["scale and shift, same channels", 8, {}, same],
    ["addition", 12, { use_scale_shift_norm: false }, same],
    ["halving", 12, { resample: "down" }, halved],
    ["doubling", 8, { resample: "up" }, doubled],
  ];
  it.each(cases)("is what its layers say: %s", (_, to, changes, change) => {
    const all = { ...options, ...changes };
    using block = random(new ResBlock(8, to, all));
    const emb = normal([2, 6], 6);
    const formula = plain(block, emb, change, all.use_scale_shift_norm);
    const run = (x: Tensor) => block.forward(x, emb);
    expectSame(run, formula, normal([2, 8, 4, 6], 7), block.parameters());
    // Without gradients activations are overwritten; the input is not.
    expectKept(run, formula);
  });
});
