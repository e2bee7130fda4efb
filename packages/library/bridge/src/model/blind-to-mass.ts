// The last column of a sample is a log mass, which this network does not see.
import { nn, type Tensor } from "@dsbm/torch";
import { IntervalTable, withAbsoluteTime } from "../chain/network.js";
import type { Conditions } from "../core/conditions.js";
import type { Chain } from "../core/endpoints.js";
import type { Network } from "../core/network.js";
import { joinMass, splitMass, withoutMass } from "../coupling/growth.js";
import type { ComponentGrowth } from "./component-growth.js";

interface BlindOptions {
  chain?: Chain | undefined;
  hasGrowth?: boolean;
  /** Of growth, instead of the network. */
  components?: ComponentGrowth | null;
}

/** Flow and growth x [B, d + 1], t [B] → [B, d + 1]; without growth (a score) the last column is 0. */
export class BlindToMass extends nn.Module {
  net: Network;
  components: Network | null;
  readonly intervals: IntervalTable | null;
  readonly hasGrowth: boolean;
  constructor(net: Network, { chain, hasGrowth = true, components = null }: BlindOptions) {
    super();
    this.net = withAbsoluteTime(net, chain);
    this.components = components && withAbsoluteTime(components, chain);
    this.intervals = chain ? new IntervalTable(chain) : null;
    this.hasGrowth = hasGrowth;
  }

  forward(x: Tensor, t: Tensor, conditions?: Conditions): Tensor {
    const out = this.net.forward(withoutMass(x), t, conditions);
    if (!this.hasGrowth) return withoutMass(out);
    const growth = this.components?.forward(x, t, conditions);
    return growth ? joinMass(splitMass(out).x, growth.squeeze(1)) : out;
  }

  /** Divides samples in their interval, [B]. */
  unit(t: Tensor, conditions: Conditions | undefined): Tensor {
    return this.intervals ? this.intervals.of(conditions ?? {}).length.sqrt() : t.onesLike();
  }
}
