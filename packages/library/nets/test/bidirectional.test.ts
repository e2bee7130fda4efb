// Networks for both directions: the direction reaches the result and trains, one time for all rows or not.
import { randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import {
  gradientless,
  shakeWeights,
  smallNetworks,
  times,
} from "../../../../test/support/networks.js";
import { distance, generatorOf } from "../../../../test/support/numbers.js";
import { createNetwork } from "../src/networks.js";

const { image_size: _, in_channels: __, ...unet } = smallNetworks.unet;
const table = [
  { model: { name: "MLP", hidden: [16] }, shape: [3] },
  { model: { name: "MLP", hidden: [16], time_frequencies: 4 }, shape: [3] },
  { model: { name: "UNET", ...unet, dropout: 0 }, shape: [1, 8, 8] },
];

const makeNetwork = ({ model, shape }: (typeof table)[number]) =>
  shakeWeights(
    createNetwork({ model, shape, direction: "b", bidirectional: true, generator: generatorOf(1) }),
  );

describe.each(table)("$model", (request) => {
  it("gives other drifts each way, row by row, and trains what tells them apart", () =>
    tidy(() => {
      const net = makeNetwork(request);
      const x = randn([4, ...request.shape], { generator: generatorOf(2) });
      const t = times(4);
      const run = (way: number[]) => net.forward(x, t, { direction: tensor(way) });
      const f = run([1, 1, 1, 1]);
      const b = run([0, 0, 0, 0]);
      const mixed = run([1, 0, 1, 0]);
      expect(distance(f, b)).toBeGreaterThan(1e-3);
      const row = (y: Tensor, i: number) => y.narrow(0, i, 1);
      for (const [i, same] of [f, b, f, b].entries())
        expect(distance(row(mixed, i), row(same, i))).toBeLessThan(1e-5);
      const one = tensor([0.3]).expand([4]);
      const whole = net.forward(x, one, { direction: tensor([1, 1, 1, 1]) });
      const each = net.forward(x, one.contiguous(), { direction: tensor([1, 1, 1, 1]) });
      expect(distance(whole, each)).toBeLessThan(1e-5);
      mixed.square().sum().backward();
      expect(gradientless(net)).toEqual([]);
    }));
});

it("networks without an input for the direction are refused", () => {
  const model = { name: "DDPMpp" };
  const request = { model, shape: [1, 8, 8], direction: "b", bidirectional: true } as const;
  expect(() => createNetwork(request)).toThrow(/takes no direction.*model=UNET/);
});
