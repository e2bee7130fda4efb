// What is particular to the UNet: multipliers by image size, classes, activation checkpoints.

import * as T from "@dsbm/torch";
import { type Tensor, tidy } from "@dsbm/torch";
import { beforeEach, describe, expect } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { it } from "../../../../../test/support/in-scope.js";
import {
  images,
  refuses,
  shakeWeights,
  smallNetworks,
  times,
} from "../../../../../test/support/networks.js";
import { distance, generatorOf } from "../../../../../test/support/numbers.js";
import { startFrom } from "../../../../../test/support/start.js";
import { completeUNet, type UNetOptions } from "../../src/unet/options.js";
import { UNet } from "../../src/unet/unet.js";

startFrom(3);
beforeEach(collectGarbage);

const unet = (changes: Partial<UNetOptions> = {}, seed = 1) =>
  shakeWeights(new UNet({ ...smallNetworks.unet, ...changes }, { generator: generatorOf(seed) }), {
    seed: seed + 1,
  });

it.each([
  [28, [0.5, 1, 1], []],
  [32, [1, 2, 2, 2], [16, 8]],
  [64, [1, 2, 2, 2], [16, 8]],
  [160, [1, 2, 2, 4], []],
  [256, [1, 1, 2, 2, 4, 4], [16, 8]],
])("has multipliers and attention by the image size: %d", (image_size, mult, attention) => {
  const { channel_mult, attention_resolutions } = completeUNet({ image_size, in_channels: 1 });
  expect([channel_mult, attention_resolutions]).toEqual([mult, attention]);
});

describe("classes", () => {
  it("change the result of their samples", () => {
    using net = unet({ num_classes: 3, dropout: 0 });
    const run = (...classes: bigint[]) =>
      T.noGrad(() => net.forward(images(2), times(2), { y: T.tensor(classes) }));
    const base = run(0n, 2n);
    const other = run(0n, 1n);
    expect(distance(other, base)).toBeGreaterThan(1e-3);
    // The first image's class is the same: so is its result.
    expect(distance(other.select(0, 0), base.select(0, 0))).toBeLessThan(1e-6);
  });

  it("are refused if they are missing or of another number", () => {
    using net = unet({ num_classes: 3 });
    const run = (y?: Tensor) => () => net.forward(images(2), times(2), y ? { y } : {});
    refuses(run(), /y is missing; expected classes, int64 \[2\], since num_classes is 3/);
    refuses(run(T.tensor([0n])), /y has shape \[1\]; expected classes, int64 \[2\]/);
  });
});

describe("training with activation checkpoints", () => {
  it("gives the same loss, and gradients up to the order of sums", () => {
    const run = (use_checkpoint: boolean) => {
      using net = unet({ dropout: 0.3, use_checkpoint });
      T.manualSeed(8);
      const loss = net.forward(images(4), times(4)).square().mean();
      loss.backward();
      const grads = net.parameters().map((p) => (p.grad as Tensor).clone());
      net.zeroGrad();
      return { loss: loss.item(), grads };
    };
    const plain = run(false);
    const again = run(true);
    expect(again.loss).toBe(plain.loss);
    again.grads.forEach((g, i) => {
      const want = plain.grads[i];
      expect(distance(g, want) / want.abs().amax().item()).toBeLessThan(1e-5);
    });
  });

  it("needs less memory, recorded too", () => {
    const peak = (use_checkpoint: boolean, record: boolean) => {
      using net = unet({ use_checkpoint, num_res_blocks: 10, attention_resolutions: [] });
      const body = (x: Tensor, t: Tensor) => {
        net.forward(x, t).square().mean().backward();
        const norm = (net.out.parameters()[0] as Tensor).grad!.norm();
        net.zeroGrad();
        return norm;
      };
      const step = record ? T.recordCalls(body) : body;
      return tidy(() => {
        const x = images(32);
        const t = times(32);
        step(x, t);
        const { current } = T.memory({ resetPeak: true });
        step(x, t);
        return T.memory().peak - current;
      });
    };
    for (const record of [false, true])
      expect(peak(true, record)).toBeLessThan(0.6 * peak(false, record));
  });
});
