// A UNet's options: the defaults of the preset, the lists as the command line writes them, and one line for each
// network that cannot be built.

import { BridgeError } from "@dsbm/bridge";
import { describe, expect, it } from "vitest";
import { completeUNet, type UNetOptions } from "../../src/unet/options.js";

const mnist = { image_size: 28, in_channels: 1 };
const complete = (options: Partial<UNetOptions> = {}) => completeUNet({ ...mnist, ...options });

describe("defaults", () => {
  it("are those of the preset", () => {
    expect(complete()).toEqual({
      image_size: 28,
      in_channels: 1,
      out_channels: 1,
      model_channels: 128,
      num_res_blocks: 2,
      attention_resolutions: [],
      dropout: 0.1,
      channel_mult: [0.5, 1, 1],
      conv_resample: true,
      num_classes: null,
      use_checkpoint: false,
      num_heads: 4,
      num_head_channels: -1,
      num_heads_upsample: 4,
      use_scale_shift_norm: true,
      resblock_updown: false,
      temb_scale: 1000,
      channels: [64, 128, 128],
      groups: 32,
    });
  });

  it.each([
    [28, [0.5, 1, 1], []],
    [32, [1, 2, 2, 2], [16, 8]],
    [64, [1, 2, 2, 2], [16, 8]],
    [160, [1, 2, 2, 4], []],
    [256, [1, 1, 2, 2, 4, 4], [16, 8]],
  ])("go by the image size: %d", (image_size, mult, attention) => {
    const got = complete({ image_size });
    expect(got.channel_mult).toEqual(mult);
    expect(got.attention_resolutions).toEqual(attention);
  });

  it("hold for what is null, or -1, or an empty text", () => {
    expect(
      complete({
        channel_mult: "",
        attention_resolutions: "",
        num_head_channels: null,
        num_heads_upsample: -1,
        num_classes: null,
      }),
    ).toEqual(complete());
  });

  it("have 8 groups up to 32 channels, 32 beyond", () => {
    const groups = (model_channels: number) =>
      complete({ model_channels, channel_mult: [1, 1] }).groups;
    expect([groups(8), groups(32), groups(64)]).toEqual([8, 8, 32]);
  });
});

describe("lists", () => {
  it("are numbers or a text", () => {
    const text = complete({ channel_mult: "0.5, 1,2", attention_resolutions: "14,7" });
    const list = complete({ channel_mult: [0.5, 1, 2], attention_resolutions: [14, 7] });
    expect(text).toEqual(list);
    expect(text.channels).toEqual([64, 128, 256]);
    expect(complete({ attention_resolutions: 7 })).toEqual(
      complete({ attention_resolutions: "7" }),
    );
  });
  it("of resolutions leave out those that do not divide the image", () => {
    expect(complete({ attention_resolutions: "56,16,14,8" }).attention_resolutions).toEqual([14]);
  });
});

describe("errors", () => {
  const cases: [string, Partial<UNetOptions>, RegExp][] = [
    ["27 pixels", { image_size: 27 }, /27 has no channel_mult of its own \(28, 32, 64, 160, 256/],
    [
      "27 pixels halved",
      { image_size: 27, channel_mult: "1,1,1" },
      /halved 2 times.*multiple of 4/,
    ],
    ["30 pixels halved twice", { image_size: 30, channel_mult: "1,1,1" }, /30 cannot be halved 2/],
    ["half a pixel", { image_size: 27.5 }, /image_size is 27.5; expected an integer/],
    ["no channels", { in_channels: 0 }, /in_channels is 0/],
    ["no blocks", { num_res_blocks: 0 }, /num_res_blocks is 0; expected an integer of at least 1/],
    ["channels and groups", { channel_mult: "0.3,1,1" }, /38 channels at resolution 1.*32 groups/],
    ["a word", { channel_mult: "1,two" }, /channel_mult has the entry "two"; expected positive/],
    ["zero", { channel_mult: [1, 0] }, /channel_mult has the entry "0"/],
    ["no level", { attention_resolutions: "4" }, /attention_resolutions has 4;.* are 28, 14, 7$/],
    ["a pixel", { attention_resolutions: [14, 1] }, /attention_resolutions has 1;/],
    [
      "heads",
      { num_heads: 3 },
      /attention over 128 channels cannot have 3 heads; choose num_heads/,
    ],
    [
      "heads on the way up",
      { num_heads_upsample: 5, attention_resolutions: "14" },
      /cannot have 5 heads; choose num_heads_upsample/,
    ],
    ["channels of a head", { num_head_channels: 48 }, /128 channels cannot have heads of 48/],
    ["dropout", { dropout: 1.5 }, /dropout is 1.5; expected a probability/],
    ["scale", { temb_scale: Number.NaN }, /temb_scale is NaN/],
    ["classes", { num_classes: 0 }, /num_classes is 0/],
  ];
  it.each(cases)("%s", (_, options, message) => {
    const make = () => complete(options);
    expect(make).toThrow(BridgeError);
    expect(make).toThrow(message);
    expect(make).not.toThrow(/\n/);
  });
});
