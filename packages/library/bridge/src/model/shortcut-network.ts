import { cat, nn, type Tensor } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import type { Network } from "../core/network.js";
import { asColumn } from "../process/process.js";

/** Conditions with further channels [B, k, …]; numbers [B, k] become channels of one value if the channels are fields. */
export const withChannels = (
  { cond, ...conditions }: Conditions,
  channels: Tensor,
): Conditions => ({
  ...conditions,
  cond: cond ? cat([alike(cond, channels), channels], { dim: 1 }) : channels,
});

const alike = (cond: Tensor, { ndim, shape }: Tensor): Tensor =>
  cond.ndim === ndim
    ? cond
    : cond
        .unsqueeze(2)
        .unsqueeze(3)
        .expand([-1, -1, ...shape.slice(2)]);

/**
 * The mean velocity x [B, …], t [B] → [B, …] of a flow over a step of signed length [B] from t (`conditions.step`; default 0, the
 * velocity itself). Its network gets the length as one more channel of its condition.
 */
export class ShortcutNetwork extends nn.Module {
  /** The network with one more channel. */
  net: Network;

  constructor(net: Network) {
    super();
    this.net = net;
  }

  forward(x: Tensor, t: Tensor, { step, ...conditions }: Conditions = {}): Tensor {
    const lengths = asColumn(step ?? t.mul(0), x).expand([-1, -1, ...x.shape.slice(2)]);
    return this.net.forward(x, t, withChannels(conditions, lengths));
  }
}
