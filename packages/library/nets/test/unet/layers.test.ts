// The pieces of the UNet in float64, against the formulas that they are shortcuts of.
import * as T from "@dsbm/torch";
import { conv2d, pad, type Tensor } from "@dsbm/torch";
import { beforeAll, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { normal } from "../../../../../test/support/numbers.js";

import { PointwiseConv2d } from "../../src/unet/layers.js";
import { ResBlock, type ResBlockOptions } from "../../src/unet/res-block.js";
import { DoubledConv2d, doubled, halved } from "../../src/unet/resample.js";
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
