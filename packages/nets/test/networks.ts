// What the tests of networks share: weights without zeros, images and times, and training in both ways.

import type { nn, Tensor } from "@dsbm/torch";
import * as T from "@dsbm/torch";
import { tidy } from "@dsbm/torch";
import { seeded } from "../../../test/support/numbers.js";
import type { Conditions } from "../src/unet/unet.js";

/** Adds noise to all parameters, so that what starts as zero matters. */
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

interface ImageNetwork extends nn.Module {
  forward(x: Tensor, t: Tensor, conditions?: Conditions): Tensor;
}

/** Losses, weights and gradients of three steps of a new network, recorded or not. */
export function train(
  make: () => ImageNetwork,
  { record, size = 8, channels = 1 }: { record: boolean; size?: number; channels?: number },
) {
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
  const losses: number[] = [];
  for (let i = 0; i < 3; i++)
    tidy(() =>
      losses.push(([step(images(4, channels, size, i), times(4))].flat()[0] as Tensor).item()),
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
