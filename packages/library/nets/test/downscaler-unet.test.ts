// What is particular to the network of the downscaling experiment: its bypass of the spatial means, and its padding.

import * as T from "@dsbm/torch";
import { type Tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../test/support/in-scope.js";
import { images, shakeWeights, smallNetworks, times } from "../../../../test/support/networks.js";
import { distance, generatorOf } from "../../../../test/support/numbers.js";
import { startFrom } from "../../../../test/support/start.js";
import { DownscalerUNet } from "../src/downscaler-unet/downscaler-unet.js";
import type { DownscalerUNetOptions } from "../src/downscaler-unet/options.js";

startFrom(3);

const options: DownscalerUNetOptions = {
  ...smallNetworks.downscaler,
  in_channels: 2,
  out_channels: 1,
};
const makeNetwork = (changes: Partial<DownscalerUNetOptions> = {}, seed = 1) =>
  shakeWeights(new DownscalerUNet({ ...options, ...changes }, { generator: generatorOf(seed) }), {
    seed: seed + 1,
    by: 0.05,
  });
const means = (x: Tensor) => x.mean([2, 3], { keepdim: true });

/** The result for an image, and its condition. */
const run = (net: DownscalerUNet, x: Tensor, cond: Tensor) =>
  T.noGrad(() => net.eval().forward(x, times(x.size(0)), { cond }));

describe("spatial means", () => {
  const [x, cond] = tidy(() => [images(2), images(2, 1, 8, 9)]);
  /** Another image with the same mean. */
  const twisted = () => x.flip([2]).mul(2).sub(means(x));

  it("of the result depend on the spatial means of image and condition alone", () => {
    using net = makeNetwork();
    const base = run(net, x, cond);
    const other = run(net, twisted(), cond);
    expect(distance(other, base)).toBeGreaterThan(1e-3);
    expect(distance(means(other), means(base))).toBeLessThan(1e-6);
    for (const moved of [run(net, x.add(1), cond), run(net, x, cond.add(1))])
      expect(distance(means(moved), means(base))).toBeGreaterThan(1e-4);
    // With shift_output off the network adds a mean of its own.
    using free = makeNetwork({ shift_output: false });
    expect(distance(means(run(free, x, cond)), means(run(free, twisted(), cond)))).toBeGreaterThan(
      1e-4,
    );
  });
});

it("is equivariant to shifts of a field on a torus with padding_mode=circular, not with zeros", () => {
  const x = images(2, 1, 16);
  const cond = images(2, 1, 16, 9);
  // By whole pixels of the lowest resolution.
  const moved = (t: Tensor) => t.roll([8, -8], { dims: [2, 3] });
  const off = (padding_mode: "zeros" | "circular") => {
    using net = makeNetwork({ padding_mode });
    return distance(run(net, moved(x), moved(cond)), moved(run(net, x, cond)));
  };
  expect(off("circular")).toBeLessThan(1e-5);
  expect(off("zeros")).toBeGreaterThan(1e-2);
});
