// The networks by their configuration names: what each is built with, and what is refused in one line.
import { rand, randn, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { refuses, smallNetworks } from "../../../../test/support/networks.js";
import { generatorOf } from "../../../../test/support/numbers.js";
import { DownscalerUNet } from "../src/downscaler-unet/downscaler-unet.js";
import { DriftNetwork, ScoreNetwork } from "../src/mlp/mlp.js";
import { createNetwork, type NetworkRequest, networks } from "../src/networks.js";
import { UNet } from "../src/unet/unet.js";

type Model = NetworkRequest["model"] & Record<string, unknown>;
const create = (model: Model, request: Partial<NetworkRequest> = {}) =>
  createNetwork({
    model,
    shape: networks[model.name]?.takes === "vectors" ? [3] : [2, 8, 8],
    direction: "f",
    generator: generatorOf(1),
    ...request,
  });

const smallKeys: Record<string, object> = {
  UNET: smallNetworks.unet,
  DownscalerUNET: smallNetworks.downscaler,
  DDPMpp: smallNetworks.ddpmpp,
};

describe("createNetwork", () => {
  it.each(Object.keys(networks))("%s has its seed's weights and keeps the shape of x", (name) => {
    const shape = networks[name]?.takes === "vectors" ? [3] : [1, 8, 8];
    const make = () => create({ name, ...smallKeys[name] }, { shape });
    using net = make();
    using again = make();
    const weightsOf = (of: typeof net) => [...of.stateDict().values()].map((p) => p.rawArray());
    expect(weightsOf(again)).toEqual(weightsOf(net));
    tidy(() => {
      const output = net.forward(randn([4, ...shape]), rand([4]));
      expect(output.shape).toEqual([4, ...shape]);
      expect(output.isfinite().all().item()).toBe(true);
    });
  });

  it("builds each network with the configuration's keys", () => {
    using unet = create(
      { name: "UNET", num_channels: 16, channel_mult: "1,1", num_heads: 1, class_cond: true },
      { classes: 5 },
    ) as UNet;
    expect(unet).toBeInstanceOf(UNet);
    expect(unet.options).toMatchObject({ num_channels: 16, num_classes: 5, in_channels: 2 });
    using downscaler = create(
      { name: "DownscalerUNET", channel_mult: "1,1,1,1", num_res_blocks: 1 },
      { cond_channels: 1 },
    ) as DownscalerUNet;
    expect(downscaler).toBeInstanceOf(DownscalerUNet);
    expect(downscaler.options).toMatchObject({ in_channels: 3, out_channels: 2 });
    using score = create({ name: "MLP", hidden: "8,6" });
    expect(score).toBeInstanceOf(ScoreNetwork);
    expect([...score.stateDict().values()].map(({ shape }) => shape[0])).toEqual([
      8, 8, 6, 6, 3, 3,
    ]);
    using drift = create({ name: "MLP", hidden: "8", time_frequencies: 4, activation_fn: "silu" });
    expect(drift).toBeInstanceOf(DriftNetwork);
    expect(drift.stateDict().get("net.layers.0.weight")?.shape).toEqual([8, 3 + 8]);
  });

  it.each<[string, Model, Partial<NetworkRequest>, RegExp]>([
    ["an unknown name", { name: "RESNET" }, {}, /no such network; expected one of MLP, /],
    ["a name of every object", { name: "toString" }, {}, /no such network/],
    ["vectors", { name: "UNET" }, { shape: [3] }, /takes images, but .* \[3\]; choose model=MLP/],
    ["images", { name: "MLP" }, { shape: [1, 8, 8] }, /takes vectors.*choose model=UNET or model=/],
    ["wide images", { name: "DDPMpp" }, { shape: [1, 8, 4] }, /8×4 pixels; expected square images/],
    [
      "a width that cannot be halved",
      { name: "UNET", channel_mult: "1,2" },
      { shape: [1, 8, 5] },
      /image_size 5 cannot be halved/,
    ],
    ["no width", { name: "MLP", hidden: "8,0" }, {}, /hidden has the entry "0"; expected positive/],
  ])("refuses %s", (_, model, request, message) => {
    refuses(() => create(model, request), message);
  });
});
