// A flow and a score as one model, whose sum (with the direction's sign of the flow) is the drift.
import { nn, type Tensor } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import { argumentError } from "../core/errors.js";
import type { Network } from "../core/network.js";
import { asColumn } from "../process/process.js";

/** The drift x [B, …], t [B] → [B, …]: v + s forward, −v + s backward, with s half of ε times the score. */
export class FlowAndScore extends nn.Module {
  /** The velocity of the probability flow. */
  v: Network;
  /** Half of ε times the score. */
  s: Network;
  constructor(v: Network, s: Network) {
    super();
    this.v = v;
    this.s = s;
  }
  /** Flow and score, which losses call by themselves. */
  get inner(): readonly Network[] {
    return [this.v, this.s];
  }
  forward(x: Tensor, t: Tensor, { direction, ...conditions }: Conditions = {}): Tensor {
    if (!direction) throw argumentError("flow and score need a direction");
    const sign = asColumn(direction.mul(2).sub(1), x);
    return this.v
      .forward(x, t, conditions)
      .mul(sign)
      .add(this.s.forward(x, t, conditions));
  }
  /** The velocity x [B, …], t [B] → [B, …] of the flow, half of the difference of both drifts, by one network. */
  velocity(x: Tensor, t: Tensor, { direction: _, ...conditions }: Conditions = {}): Tensor {
    return this.v.forward(x, t, conditions);
  }
}
