// What all networks for images promise: every option runs and trains all parameters, recorded training is training,
// conditions reach the result, and what does not fit is refused in one line.

import type { Conditions, Network } from "@dsbm/bridge";
import type { Tensor } from "@dsbm/torch";
import * as T from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../test/support/in-scope.js";
import {
  gradientless,
  images,
  refuses,
  shakeWeights,
  times,
  train,
} from "../../../../test/support/networks.js";
import { distance, generatorOf } from "../../../../test/support/numbers.js";
import { startFrom } from "../../../../test/support/start.js";

import { imageNetworks, type Options } from "./image-networks.js";

startFrom(3);

describe.each(imageNetworks)("$name", (kind) => {
  const make = (changes: Options = {}, seed = 1) =>
    shakeWeights(
      new kind.network({ ...kind.small, ...changes } as never, { generator: generatorOf(seed) }),
      {
        seed: seed + 1,
        by: kind.name === "DownscalerUNet" ? 0.05 : 0.1,
      },
    );

  it("has the options and the number of parameters of its preset", () => {
    expect(kind.complete(kind.preset.options as never)).toMatchObject(kind.preset.complete);
    using net = new kind.network(kind.preset.options as never, { generator: generatorOf(1) });
    expect(net.parameterCount()).toBe(kind.preset.parameters);
  });
  const named = kind.cases.map((options) => [JSON.stringify(options), options] as const);
  it.each(named)("runs and trains every parameter: %s", (_, options) => {
    using net = make(options);
    const { in_channels = 1, num_classes } = options as {
      in_channels?: number;
      num_classes?: number;
    };
    const y = num_classes ? { y: T.arange(0, 3, { dtype: "int64" }) } : {};
    const out = net.forward(images(3, in_channels), times(3), y);
    const channels = (options.out_channels ?? in_channels) as number;
    expect(out.shape).toEqual([3, channels, 8, 8]);
    out
      .sub(images(3, channels, 8, 4))
      .square()
      .mean()
      .backward();
    expect(gradientless(net).filter((name) => !kind.still?.(name, options))).toEqual([]);
    net.zeroGrad();
  });

  it.each(named.slice(0, kind.recorded))(
    "recorded is training unrecorded, bit for bit: %s",
    (_, options) => {
      const plain = train(() => make(options), { record: false });
      expect(train(() => make(options), { record: true })).toEqual(plain);
      expect(new Set(plain.losses).size).toBe(3);
    },
  );

  it("drops out in training, not in evaluation", () => {
    using net = make({ dropout: 0.3 });
    const run = () => T.noGrad(() => net.forward(images(2), times(2)));
    expect(distance(run(), run())).toBeGreaterThan(1e-3);
    net.eval();
    expect(distance(run(), run())).toBe(0);
  });

  it("gives an image the same result in any batch, as simulation in chunks needs it", () => {
    using net = make().eval();
    const x = images(7);
    const t = times(7);
    const run = (begin: number, n: number) =>
      T.noGrad(() => net.forward(x.narrow(0, begin, n), t.narrow(0, begin, n)));
    const whole = run(0, 7);
    // To rounding: some processors take another convolution for one image than for seven.
    for (const [begin, n] of [
      [0, 3],
      [3, 4],
      [6, 1],
    ])
      expect(distance(run(begin, n), whole.narrow(0, begin, n))).toBeLessThan(
        kind.rounding ?? 1e-5,
      );
  });

  it("takes time, a condition as further channels of x, and images of other sizes", () => {
    using net = make(kind.conditioned).eval();
    const x = images(2, 2);
    const cond = images(2, 1, 8, 9);
    const t = times(2);
    const run = (at: Tensor, given: Conditions, of = x) =>
      T.noGrad(() => net.forward(of, at, given));
    const base = run(t, { cond });
    expect(base.shape).toEqual([2, 2, 8, 8]);
    expect(distance(run(t.mul(0.5), { cond }), base)).toBeGreaterThan(1e-3);
    expect(distance(run(t, { cond: cond.neg() }), base)).toBeGreaterThan(1e-3);
    // Times may come as [B, 1, 1, 1].
    const joined = T.cat([x, cond], { dim: 1 });
    expect(distance(run(t.view([2, 1, 1, 1]), {}, joined), base)).toBe(0);
    const height = 2 * kind.multiple;
    const width = 3 * kind.multiple;
    expect(run(times(1), {}, T.zeros([1, 3, height, width])).shape).toEqual([1, 2, height, width]);
  });

  it("refuses inputs that do not fit", () => {
    using net = make();
    using conditioned = make(kind.conditioned);
    const t = times(2);
    for (const [network, x, at, given, message] of [
      [net, images(2, 3), t, {}, /: x has 3 channels; expected in_channels = 1$/],
      [net, images(2, 1, kind.multiple + 1), t, {}, /cannot be halved \d times; .*multiples of/],
      [net, images(2), t, { y: t }, /y was given, but (this|the) network/],
      [conditioned, images(2, 2), t, {}, /expected in_channels = 3/],
    ] as [Network, Tensor, Tensor, Conditions, RegExp][])
      refuses(() => network.forward(x, at, given), message);
  });

  it.each(kind.refused)("is not built with wrong options: %j", (options, message) => {
    refuses(() => new kind.network({ ...kind.small, ...options } as never, {} as never), message);
  });
});
