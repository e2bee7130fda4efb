// What the tests of networks share: weights without zeros, images and times, and training in both ways.

import type { Network } from "@dsbm/bridge";
import type { nn, Tensor } from "@dsbm/torch";
import * as T from "@dsbm/torch";
import { tidy } from "@dsbm/torch";
import { expect } from "vitest";
import { distance, normal, seeded } from "../../../test/support/numbers.js";

/** Adds noise to all parameters, so that layers that start as zero have an effect. */
export function shaken<N extends nn.Module>(net: N, { seed = 1, by = 0.1 } = {}): N {
  const generator = seeded(seed);
  for (const p of net.parameters())
    T.noGrad(() => tidy(() => p.add_(T.randn(p.shape, { generator }).mul(by))));
  return net;
}

export const images = (n: number, channels = 1, size = 8, seed = 5): Tensor =>
  T.randn([n, channels, size, size], { generator: seeded(seed) });
export const times = (n: number): Tensor => T.rand([n], { generator: seeded(6) });

/** The names of parameters that no gradient reached. */
export const idle = (net: nn.Module): string[] =>
  net
    .namedParameters()
    .filter(([, p]) => !((p.grad?.norm().item() ?? 0) > 0))
    .map(([name]) => name);

/** Losses, weights and gradients of three steps of a new network, recorded or not. */
export function train(make: () => Network, { record }: { record: boolean }) {
  const net = make();
  const adam = new T.optim.Adam(net.parameters(), { lr: 1e-3 });
  const body: T.TensorFunction = (x, t) => {
    const loss = net
      .forward(x as Tensor, t as Tensor)
      .sub(x as Tensor)
      .square()
      .mean();
    adam.zeroGrad();
    loss.backward();
    T.optim.clipGradNorm_(adam.parameters, 1);
    adam.step();
    return loss.detach();
  };
  const step = record ? T.recorded(body) : body;
  T.manualSeed(8);
  const losses = [0, 1, 2].map((i) =>
    tidy(() => ([step(images(4, 1, 8, i), times(4))].flat()[0] as Tensor).item()),
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

/** Expects the same values and gradients of two functions of x and of parameters. */
export function expectSame(
  f: (x: Tensor) => Tensor,
  g: (x: Tensor) => Tensor,
  on: Tensor,
  of: Tensor[],
) {
  const x = on.requiresGrad_();
  const [y, z] = [f(x), g(x)];
  expect(distance(y.detach(), z.detach())).toBeLessThan(1e-11);
  const weights = normal(y.shape, 9);
  const [a, b] = [y, z].map((out) => T.grad(out.mul(weights).sum(), [x, ...of]) as Tensor[]);
  a?.forEach((grad, i) => {
    expect(distance(grad, b?.[i] as Tensor)).toBeLessThan(1e-10);
  });
}

/** All parameters as random numbers, in float64. */
export function random<M extends nn.Module>(module: M, seed = 1): M {
  module.to({ dtype: "float64" });
  const generator = seeded(seed);
  for (const p of module.parameters()) T.nn.init.normal_(p, 0, 0.5, { generator });
  return module;
}
