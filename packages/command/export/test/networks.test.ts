// Every architecture as ONNX gives what it gives natively, whatever the number of rows, with its conditions.

import type { Network } from "@dsbm/bridge";
import { ConditionalMLP, createNetwork, DDPMpp, DownscalerUNet, UNet } from "@dsbm/nets";
import * as T from "@dsbm/torch";
import { beforeEach, describe, expect, it } from "vitest";
import { shakeWeights, smallNetworks } from "../../../../test/support/networks.js";
import { generatorOf } from "../../../../test/support/numbers.js";
import { deviation, type Inputs, normal, times } from "./onnx.js";

beforeEach(() => {
  T.setNumThreads(1);
});

/** A condition by its name. */
type Given = Readonly<Record<string, (n: number) => T.Tensor>>;

async function agrees(net: Network, shape: readonly number[], given: Given = {}, plain = false) {
  net.eval();
  const names = Object.keys(given);
  const inputs: Inputs = { x: normal(shape), t: times, ...given };
  const forward = (x: T.Tensor, t: T.Tensor, ...more: T.Tensor[]) =>
    net.forward(x, t, Object.fromEntries(names.map((name, i) => [name, more[i]])));
  const found = await deviation(forward, inputs);
  const without = plain ? await deviation(forward, inputs, { plain }) : 0;
  net.dispose();
  expect(without).toBeLessThan(1e-5);
  return found;
}

const fields = normal([1, 8, 8], 5);
const classes = (n: number) => T.arange(0, n, { dtype: "int64" }).remainder(4);
const direction = (n: number) => T.arange(0, n).remainder(2);

const seed = () => ({ generator: generatorOf(1) });
const networkMakers = {
  UNet: (options: object) => new UNet({ ...smallNetworks.unet, ...options }, seed()),
  DownscalerUNet: (options: object) =>
    new DownscalerUNet(
      { ...smallNetworks.downscaler, in_channels: 3, out_channels: 2, ...options },
      seed(),
    ),
  DDPMpp: (options: object) => new DDPMpp({ ...smallNetworks.ddpmpp, ...options }, seed()),
};

/** Network, options, channels of a point, conditions. */
const images: [keyof typeof networkMakers, object, number, Given?][] = [
  ["UNet", {}, 1],
  [
    "UNet",
    { conv_resample: false, num_classes: 4, bidirectional: true },
    1,
    { y: classes, direction },
  ],
  [
    "UNet",
    { resblock_updown: true, use_scale_shift_norm: false, in_channels: 3, out_channels: 2 },
    2,
    { cond: fields },
  ],
  ["DownscalerUNet", {}, 2, { cond: fields }],
  ["DownscalerUNet", { padding_mode: "circular", mean_bypass: false }, 2, { cond: fields }],
  ["DDPMpp", { fir: true, progressive: "output_skip", progressive_input: "input_skip" }, 1],
  [
    "DDPMpp",
    { fir: true, fir_kernel: "1,2,1", progressive: "residual", progressive_input: "residual" },
    1,
  ],
  [
    "DDPMpp",
    { resblock_type: "ddpm", resamp_with_conv: false, progressive_input: "input_skip" },
    1,
  ],
];

describe("networks of images", () => {
  it.each(images)("%s %j", async (name, options, channels, given) => {
    const net = shakeWeights(networkMakers[name](options), { seed: 2, by: 0.05 });
    expect(await agrees(net, [channels, 8, 8], given)).toBeLessThan(1e-4);
  });
});

describe("networks of vectors", () => {
  const conditions = { cond: normal([2], 4) };
  const mlps = [0, 4].flatMap((time_frequencies) =>
    [0, 2].flatMap((cond_channels) =>
      ["b", "both"].map((way) => ({ time_frequencies, cond_channels, way })),
    ),
  );
  it.each(mlps)(
    "MLP %j, also without ONNX Runtime",
    async ({ time_frequencies, cond_channels, way }) => {
      const net = createNetwork({
        model: { name: "MLP", hidden: "16,16", time_frequencies },
        shape: [3],
        cond_channels,
        direction: way === "b" ? "b" : "f",
        bidirectional: way === "both",
        generator: generatorOf(1),
      });
      const given = { ...(cond_channels && conditions), ...(way === "both" && { direction }) };
      expect(await agrees(net, [3], given, true)).toBeLessThan(1e-4);
    },
  );

  it("the MLP of conditional bridges", async () => {
    const net = new ConditionalMLP({ x_dim: 3, y_dim: 2 }, { generator: generatorOf(1) });
    expect(await agrees(net, [3], conditions)).toBeLessThan(1e-4);
  });
});
