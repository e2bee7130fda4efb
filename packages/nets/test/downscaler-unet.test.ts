// The network of the downscaling experiment: what happens to spatial means, its options, and training.

import { BridgeError } from "@dsbm/bridge";
import * as T from "@dsbm/torch";
import { type Tensor, tidy } from "@dsbm/torch";
import { beforeEach, describe, expect, it } from "vitest";
import { distance, seeded } from "../../../test/support/numbers.js";
import { DownscalerUNet } from "../src/downscaler-unet/downscaler-unet.js";
import {
  completeDownscalerUNet,
  type DownscalerUNetOptions,
} from "../src/downscaler-unet/options.js";
import { idle, images, shaken, times, train } from "./networks.js";

beforeEach(() => {
  T.setNumThreads(1);
  T.manualSeed(3);
});

const small: DownscalerUNetOptions = {
  in_channels: 2,
  out_channels: 1,
  channel_mult: "1,1,1,2",
  num_res_blocks: 1,
};
const make = (changes: Partial<DownscalerUNetOptions> = {}, seed = 1) =>
  shaken(new DownscalerUNet({ ...small, ...changes }, { generator: seeded(seed) }), {
    seed: seed + 1,
    by: 0.05,
  });
const means = (x: Tensor) => x.mean([2, 3], { keepdim: true });

/** The result for an image, and its condition. */
const run = (net: DownscalerUNet, x: Tensor, cond: Tensor) =>
  T.noGrad(() => net.eval().forward(x, times(x.size(0)), { cond }));

describe("spatial means", () => {
  const [x, cond] = tidy(() => [images(2), images(2, 1, 8, 9)]) as [Tensor, Tensor];
  /** Another image with the same mean. */
  const twisted = () => x.flip([2]).mul(2).sub(means(x));

  it("of the result depend on those of image and condition alone", () =>
    tidy(() => {
      using net = make();
      const [base, other] = [run(net, x, cond), run(net, twisted(), cond)];
      expect(distance(other, base)).toBeGreaterThan(1e-3);
      expect(distance(means(other), means(base))).toBeLessThan(1e-6);
      for (const moved of [run(net, x.add(1), cond), run(net, x, cond.add(1))])
        expect(distance(means(moved), means(base))).toBeGreaterThan(1e-4);
      // With shift_output off the network adds a mean of its own.
      using free = make({ shift_output: false });
      expect(
        distance(means(run(free, x, cond)), means(run(free, twisted(), cond))),
      ).toBeGreaterThan(1e-4);
    }));

  it("are lost in normalisation with 32 channels of embedding, and seen for what they are with 256", () =>
    tidy(() => {
      const answers = (embed_dim: number) => {
        using net = make({ embed_dim });
        return [0, 0.5, 1].map((by) => means(run(net, x.add(by), cond)));
      };
      const [same, ...none] = answers(32) as [Tensor, ...Tensor[]];
      for (const other of none) expect(distance(other, same)).toBeLessThan(1e-6);
      const [a, b, c] = answers(256) as [Tensor, Tensor, Tensor];
      for (const [one, other] of [
        [a, b],
        [b, c],
      ] as const)
        expect(distance(one, other)).toBeGreaterThan(1e-4);
    }));

  it("are 0 without the bypass, and the bypass is all that is added", () =>
    tidy(() => {
      using net = make();
      using bare = make({ mean_bypass: false });
      expect([...bare.stateDict().keys()].filter((key) => key.startsWith("mean"))).toEqual([]);
      bare.loadStateDict(net.stateDict(), { strict: false });
      const [with_, without] = [run(net, x, cond), run(bare, x, cond)];
      expect(means(without).abs().amax().item()).toBeLessThan(1e-6);
      expect(distance(with_.sub(means(with_)), without)).toBeLessThan(1e-6);
    }));

  it("go around divided by √(H·W) with scale_mean_bypass", () =>
    tidy(() => {
      using scaled = make();
      using plain = make({ scale_mean_bypass: false });
      const [a, b] = [means(run(scaled, x, cond)), means(run(plain, x, cond))];
      expect(distance(a.mul(8), b)).toBeLessThan(1e-5);
      expect(b.abs().amin().item()).toBeGreaterThan(1e-3);
    }));

  it("of the input are left alone: shift_input has no effect, as published", () =>
    tidy(() => {
      using on = make({ shift_input: true });
      using off = make({ shift_input: false });
      expect(distance(run(on, x, cond), run(off, x, cond))).toBe(0);
    }));
});

describe("the network", () => {
  it("has 11.3 million parameters as the preset", () => {
    using net = new DownscalerUNet({ in_channels: 3, out_channels: 2 }, { generator: seeded(1) });
    expect(net.parameterCount()).toBe(11_292_900);
  });

  it("starts as the bypass alone", () =>
    tidy(() => {
      using net = new DownscalerUNet(small, { generator: seeded(1) });
      const y = run(net, images(2), images(2, 1, 8, 9));
      expect(distance(y, means(y).expandAs(y))).toBeLessThan(1e-7);
      expect(y.abs().amax().item()).toBeGreaterThan(1e-3);
    }));

  const cases: [string, Partial<DownscalerUNetOptions>][] = [
    ["the smallest", {}],
    ["other channels", { channel_mult: [1, 2, 3, 2], num_res_blocks: 2 }],
    ["an embedding of its own", { embed_dim: 96 }],
    ["no bypass", { mean_bypass: false, embed_dim: 6 }],
    ["nothing shifted or scaled", { shift_output: false, scale_mean_bypass: false }],
    ["another scale of time", { temb_scale: 1000 }],
    ["fields on a torus", { padding_mode: "circular" }],
  ];
  it.each(cases)("runs and trains every parameter: %s", (_, changes) =>
    tidy(() => {
      using net = make(changes);
      const y = net.forward(images(3), times(3), { cond: images(3, 1, 8, 9) });
      expect(y.shape).toEqual([3, 1, 8, 8]);
      y.sub(images(3, 1, 8, 4))
        .square()
        .mean()
        .backward();
      // A constant before a normalisation of single channels changes nothing: its gradient may be exactly 0.
      const still = /^(tconv[234]\.conv|conv[234]\.op)\.bias$|^denset?\d\./;
      expect(idle(net).filter((name) => !still.test(name))).toEqual([]);
      net.zeroGrad();
    }),
  );

  it("takes the condition as channels, times in any shape, and images of any multiple of 8", () =>
    tidy(() => {
      using net = make().eval();
      const [x, cond, t] = [images(2), images(2, 1, 8, 9), times(2)];
      const joined = T.noGrad(() =>
        net.forward(T.cat([x, cond], { dim: 1 }), t.view([2, 1, 1, 1])),
      );
      expect(distance(joined, run(net, x, cond))).toBe(0);
      expect(distance(run(net, x, cond.neg()), joined)).toBeGreaterThan(1e-3);
      const at = (time: Tensor) => T.noGrad(() => net.forward(x, time, { cond }));
      expect(distance(at(t.mul(0.5)), joined)).toBeGreaterThan(1e-3);
      expect(T.noGrad(() => net.forward(T.zeros([1, 2, 16, 24]), times(1))).shape).toEqual([
        1, 1, 16, 24,
      ]);
    }));

  it("moves with a field on a torus under padding_mode=circular, and sees edges under zeros", () =>
    tidy(() => {
      const [x, cond] = [images(2, 1, 16), images(2, 1, 16, 9)];
      // By whole pixels of the coarsest resolution.
      const moved = (t: Tensor) => t.roll([8, -8], { dims: [2, 3] });
      const off = (padding_mode: "zeros" | "circular") => {
        using net = make({ padding_mode });
        return distance(run(net, moved(x), moved(cond)), moved(run(net, x, cond)));
      };
      expect(off("circular")).toBeLessThan(1e-5);
      expect(off("zeros")).toBeGreaterThan(1e-2);
    }));

  it("refuses what does not fit", () =>
    tidy(() => {
      using net = make();
      const t = times(2);
      const refuses = (step: () => Tensor, message: RegExp) => {
        expect(step).toThrow(BridgeError);
        expect(step).toThrow(message);
      };
      refuses(() => net.forward(images(2), t), /1 channels; .* = 2, those of cond included/);
      refuses(() => net.forward(images(2, 2, 12), t), /12×12 cannot be halved 3 times/);
      refuses(() => net.forward(images(2, 2), t, { y: t }), /this network takes no classes/);
      refuses(() => net.forward(images(2, 2), times(1)), /t has shape \[1\]; expected one time/);
    }));

  it("drops out in training, not in evaluation", () =>
    tidy(() => {
      using net = make();
      const once = () => T.noGrad(() => net.forward(images(2, 2), times(2)));
      expect(distance(once(), once())).toBeGreaterThan(1e-3);
      net.eval();
      expect(distance(once(), once())).toBe(0);
    }));

  it.each(["zeros", "circular"] as const)(
    "trains recorded as it trains unrecorded, bit for bit: %s",
    (padding_mode) => {
      const plain = () => make({ in_channels: 1, padding_mode });
      const unrecorded = train(plain, { record: false });
      expect(train(plain, { record: true })).toEqual(unrecorded);
      expect(new Set(unrecorded.losses).size).toBe(3);
    },
  );
});

describe("options", () => {
  it("default to those of the preset", () => {
    expect(completeDownscalerUNet({ in_channels: 3, out_channels: 2 })).toEqual({
      in_channels: 3,
      out_channels: 2,
      model_channels: 32,
      channel_mult: [1, 2, 4, 8],
      num_res_blocks: 8,
      embed_dim: 256,
      dropout: 0.5,
      mean_bypass: true,
      scale_mean_bypass: true,
      shift_input: true,
      shift_output: true,
      temb_scale: 30,
      padding_mode: "zeros",
      channels: [32, 64, 128, 256],
    });
  });

  const cases: [string, Partial<DownscalerUNetOptions>, RegExp][] = [
    ["three resolutions", { channel_mult: "1,2,4" }, /channel_mult has 3 entries; expected 4/],
    ["groups", { model_channels: 48 }, /48 channels at resolution 1 .* multiple of the 32 groups/],
    ["no channels", { channel_mult: "0.01,1,1,1" }, /makes 0 channels at resolution 1/],
    ["embedding", { embed_dim: 48 }, /embed_dim is 48; expected a multiple of the 32 groups/],
    ["waves", { embed_dim: 2, mean_bypass: false }, /embed_dim is 2; expected at least 4/],
    ["100 pixels", { image_size: 100 }, /100 cannot be halved 3 times/],
    ["no blocks", { num_res_blocks: 0 }, /num_res_blocks is 0/],
    ["dropout", { dropout: 2 }, /dropout is 2; expected a probability/],
    ["scale", { temb_scale: Number.NaN }, /temb_scale is NaN/],
    [
      "padding",
      { padding_mode: "reflect" as "zeros" },
      /padding_mode is reflect; expected zeros or circular/,
    ],
  ];
  it.each(cases)("that make no network are refused: %s", (_, changes, message) => {
    const complete = () => completeDownscalerUNet({ ...small, ...changes });
    expect(complete).toThrow(BridgeError);
    expect(complete).toThrow(message);
    expect(complete).not.toThrow(/\n/);
  });
});
