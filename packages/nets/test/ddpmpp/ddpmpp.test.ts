// DDPM++ and NCSN++ as a whole: pyramids in every combination run and train all parameters, recorded or not.

import { BridgeError } from "@dsbm/bridge";
import * as T from "@dsbm/torch";
import { type Tensor, tidy } from "@dsbm/torch";
import { beforeEach, describe, expect, it } from "vitest";
import { distance, seeded } from "../../../../test/support/numbers.js";
import { DDPMpp } from "../../src/ddpmpp/ddpmpp.js";
import type { DDPMppOptions } from "../../src/ddpmpp/options.js";
import type { Conditions } from "../../src/unet/unet.js";
import { idle, images, shaken, times, train } from "../networks.js";

beforeEach(() => {
  T.setNumThreads(1);
  T.manualSeed(3);
});

const small: DDPMppOptions = {
  image_size: 8,
  in_channels: 1,
  nf: 8,
  ch_mult: [1, 2],
  num_res_blocks: 1,
  attn_resolutions: [4],
};
const make = (changes: Partial<DDPMppOptions> = {}, seed = 1) =>
  shaken(new DDPMpp({ ...small, ...changes }, { generator: seeded(seed) }), { seed: seed + 1 });

describe("every option", () => {
  const outputs = ["none", "output_skip", "residual"] as const;
  const inputs = [
    ["none", "sum"],
    ["input_skip", "sum"],
    ["input_skip", "cat"],
    ["residual", "sum"],
  ] as const;
  const cases = outputs.flatMap((progressive) =>
    inputs.flatMap(([progressive_input, progressive_combine]) =>
      [false, true].flatMap((fir) =>
        (["biggan", "ddpm"] as const).map((resblock_type) => ({
          progressive,
          progressive_input,
          progressive_combine,
          fir,
          resblock_type,
        })),
      ),
    ),
  );
  const more: Partial<DDPMppOptions>[] = [
    { ch_mult: [1], attn_resolutions: [8] },
    { ch_mult: "1,1,2", num_res_blocks: 2, attn_resolutions: "" },
    { ch_mult: "1,1,2", fir: true, progressive: "residual", progressive_input: "residual" },
    { resblock_type: "ddpm", resamp_with_conv: false },
    { resblock_type: "ddpm", resamp_with_conv: false, fir: true },
    { fir: true, fir_kernel: "1,2,1", progressive: "residual", progressive_input: "residual" },
    { skip_rescale: false, progressive: "residual", progressive_input: "residual" },
    { init_scale: 1, dropout: 0, temb_scale: 1 },
    { in_channels: 3, out_channels: 2, progressive: "output_skip" },
  ];
  const name = (options: object) => Object.values(options).join(" ");
  it.each([...cases, ...more].map((options) => [name(options), options] as const))(
    "runs and trains every parameter: %s",
    (_, options) =>
      tidy(() => {
        using net = make(options);
        const { in_channels, out_channels } = net.options;
        const y = net.forward(images(3, in_channels), times(3));
        expect(y.shape).toEqual([3, out_channels, 8, 8]);
        y.square().mean().backward();
        expect(idle(net)).toEqual([]);
        net.zeroGrad();
      }),
  );

  it("also takes images of other sizes that can be halved as often", () =>
    tidy(() => {
      using net = make({ fir: true, progressive: "residual", progressive_input: "residual" });
      expect(net.forward(T.zeros([1, 1, 6, 10]), times(1)).shape).toEqual([1, 1, 6, 10]);
    }));

  it("matters", () =>
    tidy(() => {
      const out = (changes: Partial<DDPMppOptions>) => {
        using net = make(changes).eval();
        return T.noGrad(() => net.forward(images(2), times(2)));
      };
      const skips = { progressive: "output_skip", progressive_input: "input_skip" } as const;
      const base = out(skips);
      for (const changes of [
        { fir: true },
        { skip_rescale: false },
        { temb_scale: 1 },
        { fir: true, fir_kernel: [1, 1.5, 1] },
      ])
        expect(distance(out({ ...skips, ...changes }), base), name(changes)).toBeGreaterThan(1e-3);
      // Taps 1, 1 are the plain resampling.
      expect(distance(out({ ...skips, fir: true, fir_kernel: [1, 1] }), base)).toBeLessThan(1e-5);
    }));
});

it("has the published 61.8 million parameters as the preset for 32×32 pixels", () => {
  using net = new DDPMpp({ image_size: 32, in_channels: 3 }, { generator: seeded(1) });
  expect(net.parameterCount()).toBe(61_804_419);
});

it("starts as next to nothing, from the same weights for the same seed only", () =>
  tidy(() => {
    const weights = (seed: number) => {
      using net = new DDPMpp(small, { generator: seeded(seed) });
      const y = T.noGrad(() => net.eval().forward(images(1), times(1)));
      expect(y.abs().amax().item()).toBeLessThan(1e-3);
      expect(y.abs().amax().item()).toBeGreaterThan(0);
      return [...net.stateDict().values()].flatMap((t) => t.toNumbers());
    };
    expect(weights(1)).toEqual(weights(1));
    expect(weights(1)).not.toEqual(weights(2));
  }));

describe("conditions", () => {
  it("reach the result: time and image", () =>
    tidy(() => {
      const pyramids = { progressive: "output_skip", progressive_input: "input_skip" } as const;
      using net = make({ in_channels: 3, out_channels: 1, ...pyramids }).eval();
      const [x, cond, t] = [images(2), images(2, 2, 8, 9), times(2)];
      const run = (at: Tensor, given: Conditions) => T.noGrad(() => net.forward(x, at, given));
      const base = run(t, { cond });
      expect(base.shape).toEqual([2, 1, 8, 8]);
      expect(distance(run(t.mul(0.5), { cond }), base)).toBeGreaterThan(1e-3);
      expect(distance(run(t, { cond: cond.neg() }), base)).toBeGreaterThan(1e-3);
      // A condition is channels after those of x; times may come as [B, 1, 1, 1].
      const joined = T.cat([x, cond], { dim: 1 });
      const again = T.noGrad(() => net.forward(joined, t.view([2, 1, 1, 1])));
      expect(distance(again, base)).toBe(0);
    }));

  it("that do not fit are refused", () =>
    tidy(() => {
      using net = make({ ch_mult: [1, 1, 1], attn_resolutions: [] });
      const t = times(2);
      const refuses = (run: () => Tensor, message: RegExp) => {
        expect(run).toThrow(BridgeError);
        expect(run).toThrow(message);
      };
      refuses(() => net.forward(images(2, 3), t), /DDPMpp: x has 3 channels; expected .* = 1$/);
      refuses(() => net.forward(images(2, 1, 6), t), /6×6 cannot be halved 2 times/);
      refuses(() => net.forward(images(2), times(3)), /t has shape \[3\]; expected one time/);
      refuses(() => net.forward(images(2), t, { y: t }), /this network takes no classes/);
      refuses(() => net.forward(images(2), t, { cond: images(1) }), /cond has shape \[1,1,8,8\]/);
    }));
});

describe("training", () => {
  it("drops out, evaluation does not", () =>
    tidy(() => {
      using net = make({ dropout: 0.3 });
      const run = () => T.noGrad(() => net.forward(images(2), times(2)));
      expect(distance(run(), run())).toBeGreaterThan(1e-3);
      net.eval();
      expect(distance(run(), run())).toBe(0);
    }));

  const cases: Partial<DDPMppOptions>[] = [
    { fir: true, progressive: "output_skip", progressive_input: "input_skip" },
    {
      fir: true,
      progressive: "residual",
      progressive_input: "residual",
      resblock_type: "ddpm",
      dropout: 0.3,
    },
    { progressive_input: "input_skip", progressive_combine: "cat" },
  ];
  it.each(cases.map((changes) => [changes]))(
    "recorded is unrecorded, bit for bit: %j",
    (changes) => {
      const plain = train(() => make(changes), { record: false });
      expect(train(() => make(changes), { record: true })).toEqual(plain);
      expect(new Set(plain.losses).size).toBe(3);
    },
  );

  it("on another kind of number gives about the same", () =>
    tidy(() => {
      using net = make({ fir: true, progressive: "residual", progressive_input: "residual" });
      const run = (dtype: "float32" | "float64") => {
        net.to({ dtype }).eval();
        return T.noGrad(() => net.forward(images(2).to(dtype), times(2).to(dtype)));
      };
      const single = run("float32");
      const double = run("float64");
      expect(double.dtype).toBe("float64");
      expect(distance(single.to("float64"), double)).toBeLessThan(1e-4);
    }));
});
