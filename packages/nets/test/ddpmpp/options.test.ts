// DDPM++'s options: the presets, which blocks they make, and one line for each network that cannot be built.

import { BridgeError } from "@dsbm/bridge";
import { describe, expect, it } from "vitest";
import { completeDDPMpp, type DDPMppOptions } from "../../src/ddpmpp/options.js";
import { planOf } from "../../src/ddpmpp/plan.js";

const cifar = { image_size: 32, in_channels: 3 };
const complete = (options: Partial<DDPMppOptions> = {}) => completeDDPMpp({ ...cifar, ...options });
const plan = (options: Partial<DDPMppOptions> = {}) => planOf(complete(options));

describe("defaults", () => {
  it("are those of the preset DDPMpp_32", () => {
    expect(complete()).toEqual({
      image_size: 32,
      in_channels: 3,
      out_channels: 3,
      nf: 128,
      ch_mult: [1, 2, 2, 2],
      num_res_blocks: 4,
      attn_resolutions: [16],
      dropout: 0.15,
      resblock_type: "biggan",
      resamp_with_conv: true,
      fir: false,
      fir_kernel: [1, 3, 3, 1],
      skip_rescale: true,
      progressive: "none",
      progressive_input: "none",
      progressive_combine: "sum",
      init_scale: 0,
      temb_scale: 1000,
      channels: [128, 256, 256, 256],
    });
  });

  it("leave attention out where the image has no such resolution", () => {
    expect(complete({ image_size: 24 }).attn_resolutions).toEqual([]);
    expect(complete({ attn_resolutions: "8,5" }).attn_resolutions).toEqual([8]);
    for (const none of ["", [], null])
      expect(complete({ attn_resolutions: none }).attn_resolutions).toEqual([]);
  });

  it("take lists as the command line writes them", () => {
    const text = complete({ ch_mult: "1,2", attn_resolutions: 16, fir_kernel: "1, 2,1" });
    const list = complete({ ch_mult: [1, 2], attn_resolutions: [16], fir_kernel: [1, 2, 1] });
    expect(text).toEqual(list);
  });
});

describe("the plan", () => {
  it("of the preset: four blocks down, five up, attention at 16", () => {
    const { down, middle, up, last } = plan();
    expect(down.map(({ blocks }) => blocks.length)).toEqual([4, 4, 4, 4]);
    expect(up.map(({ blocks }) => blocks.length)).toEqual([5, 5, 5, 5]);
    expect(down.map(({ attention }) => attention)).toEqual([false, true, false, false]);
    expect(up.map(({ attention }) => attention)).toEqual([false, false, true, false]);
    expect(down.map(({ step }) => step)).toEqual([128, 256, 256, null]);
    expect(up.map(({ step }) => step)).toEqual([256, 256, 256, null]);
    expect(down[1]?.blocks[0]).toEqual({ from: 128, to: 256 });
    // The last block of a resolution meets what the step down to it made.
    expect(up[2]?.blocks.map(({ from }) => from)).toEqual([512, 512, 512, 512, 256 + 128]);
    expect([middle, last]).toEqual([256, { from: 128, to: 3 }]);
    expect([...down, ...up].map(({ pyramid }) => pyramid)).toEqual(Array(8).fill(null));
  });

  it("of the preset DDPMpp_RF at 512 pixels: pyramids of images on both sides", () => {
    const { down, up, last } = plan({
      image_size: 512,
      ch_mult: "1,1,2,2,2,2,2",
      num_res_blocks: 2,
      fir: true,
      progressive: "output_skip",
      progressive_input: "input_skip",
    });
    expect(down.map(({ pyramid }) => pyramid?.to)).toEqual([
      128,
      128,
      256,
      256,
      256,
      256,
      undefined,
    ]);
    expect(down.every(({ pyramid }) => pyramid === null || pyramid.from === 3)).toBe(true);
    expect(up.map(({ pyramid }) => pyramid?.from)).toEqual([256, 256, 256, 256, 256, 128, 128]);
    expect(up.every(({ pyramid }) => pyramid?.to === 3)).toBe(true);
    expect(down.map(({ attention }) => attention).indexOf(true)).toBe(5);
    expect(last).toBe(null);
  });

  it("of residual pyramids: features from resolution to resolution", () => {
    const { down, up, last } = plan({ progressive: "residual", progressive_input: "residual" });
    expect(down.map(({ pyramid }) => pyramid)).toEqual([
      { from: 3, to: 128 },
      { from: 128, to: 256 },
      { from: 256, to: 256 },
      null,
    ]);
    expect(up.map(({ pyramid }) => pyramid)).toEqual([
      { from: 256, to: 256 },
      { from: 256, to: 256 },
      { from: 256, to: 256 },
      { from: 256, to: 128 },
    ]);
    expect(last).toEqual({ from: 128, to: 3 });
  });

  it("of copies put beside: twice the channels go on, and into the skips", () => {
    const { down, up } = plan({ progressive_input: "input_skip", progressive_combine: "cat" });
    expect(down.map(({ blocks }) => blocks[0]?.from)).toEqual([128, 256, 512, 512]);
    expect(up.map(({ blocks }) => blocks.at(-1)?.from)).toEqual([768, 768, 512, 256]);
  });
});

describe("errors", () => {
  const cases: [string, Partial<DDPMppOptions>, RegExp][] = [
    ["28 pixels", { image_size: 28 }, /28 cannot be halved 3 times, as 4 entries of ch_mult ask/],
    ["half a pixel", { image_size: 27.5 }, /image_size is 27.5; expected an integer/],
    ["no channels", { in_channels: 0 }, /in_channels is 0/],
    ["no blocks", { num_res_blocks: 0 }, /num_res_blocks is 0; expected an integer of at least 1/],
    ["no resolution", { ch_mult: "" }, /ch_mult is empty/],
    ["a word", { ch_mult: "1,two" }, /ch_mult has the entry "two"; expected positive numbers/],
    ["three waves", { nf: 3 }, /nf is 3; expected at least 4/],
    [
      "groups of 4",
      { nf: 30 },
      /normalisation of 30 channels; expected a multiple of 4.*nf, such as 32/,
    ],
    [
      "32 groups",
      { nf: 36 },
      /nf 36 and ch_mult 1,2,2,2 .* of 144 channels; expected a multiple of 32/,
    ],
    ["no level", { attn_resolutions: "2" }, /attn_resolutions has 2;.* are 32, 16, 8, 4$/],
    ["one tap", { fir_kernel: "1" }, /fir_kernel has 1 taps; expected at least 2/],
    ["dropout", { dropout: -0.1 }, /dropout is -0.1; expected a probability/],
    ["scale", { temb_scale: Number.NaN }, /temb_scale is NaN/],
    ["negative scale", { init_scale: -1 }, /init_scale is -1; expected 0 or more/],
    [
      "a pyramid of another name",
      { progressive: "input_skip" as "none" },
      /progressive is "input_skip"; expected none, output_skip or residual/,
    ],
    [
      "a block of another name",
      { resblock_type: "resnet" as "ddpm" },
      /resblock_type is "resnet"; expected biggan or ddpm/,
    ],
  ];
  it.each(cases)("%s", (_, options, message) => {
    const make = () => plan(options);
    expect(make).toThrow(BridgeError);
    expect(make).toThrow(message);
    expect(make).not.toThrow(/\n/);
  });
});
