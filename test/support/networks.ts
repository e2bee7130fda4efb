// What the tests of networks share: small options, weights without zeros, images and times, formulas, and training.

import { BridgeError, type Network } from "@dsbm/bridge";
import type { nn, Tensor } from "@dsbm/torch";
import * as T from "@dsbm/torch";
import { tidy } from "@dsbm/torch";
import { expect } from "vitest";
import { generatorOf } from "./numbers.js";

/** Small networks for images of 8×8 pixels. */
export const smallNetworks = {
  unet: {
    image_size: 8,
    in_channels: 1,
    num_channels: 16, // groups of two: the shift of a single channel would be normalised away, and train nothing
    channel_mult: [1, 2],
    num_res_blocks: 1,
    num_heads: 2,
    attention_resolutions: [4],
  },
  downscaler: { in_channels: 1, channel_mult: "1,1,1,2", num_res_blocks: 1 },
  ddpmpp: {
    image_size: 8,
    in_channels: 1,
    nf: 8,
    ch_mult: [1, 2],
    num_res_blocks: 1,
    attn_resolutions: [4],
  },
};

/** Adds noise to all parameters, so that layers that start as zero have an effect. */
export function shakeWeights<N extends nn.Module>(net: N, { seed = 1, by = 0.1 } = {}): N {
  const generator = generatorOf(seed);
  for (const p of net.parameters())
    T.noGrad(() => tidy(() => p.add_(T.randn(p.shape, { generator }).mul(by))));
  return net;
}

export const images = (n: number, channels = 1, size = 8, seed = 5): Tensor =>
  T.randn([n, channels, size, size], { generator: generatorOf(seed) });
export const times = (n: number): Tensor => T.rand([n], { generator: generatorOf(6) });

/** The names of parameters that no gradient reached. */
export const gradientless = (net: nn.Module): string[] =>
  net
    .namedParameters()
    .filter(([, p]) => !((p.grad?.norm().item() ?? 0) > 0))
    .map(([name]) => name);

/** Losses, weights and gradients of three steps of a new network, recorded or not. */
export function train(make: () => Network, { record }: { record: boolean }) {
  const net = make();
  const adam = new T.optim.Adam(net.parameters(), { lr: 1e-3 });
  const body: T.TensorFunction = (x, t) => {
    const loss = net.forward(x, t).sub(x).square().mean();
    adam.zeroGrad();
    loss.backward();
    T.optim.clipGradNorm_(adam.parameters, 1);
    adam.step();
    return loss.detach();
  };
  const step = record ? T.recordCalls(body) : body;
  T.manualSeed(8);
  const losses = [0, 1, 2].map((i) =>
    tidy(() => [step(images(4, 1, 8, i), times(4))].flat()[0].item()),
  );
  const result = {
    losses,
    weights: net.parameters().map((p) => p.rawArray()),
    grads: net.parameters().map((p) => (p.grad as Tensor).rawArray()),
  };
  adam.zeroGrad();
  adam.dispose();
  net.dispose();
  return result;
}

/** Expects a BridgeError in one line that says this. */
export function refuses(run: () => unknown, message: RegExp): void {
  expect(run).toThrow(BridgeError);
  expect(run).toThrow(message);
  expect(run).not.toThrow(/\n/);
}
