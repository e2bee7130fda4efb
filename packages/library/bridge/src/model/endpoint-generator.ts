// A generator of endpoints given a state of the bridge: the law of x1 given x_t instead of its mean.
import { cat, type Tensor } from "@dsbm/torch";
import { type Conditions, mapConditions } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import type { Chain } from "../core/endpoints.js";
import type { Network } from "../core/network.js";
import { Preconditioned } from "./preconditioned.js";
import { withChannels } from "./shortcut-network.js";

/** Keeps the gradient of a length finite at 0. */
const leastSquare = 1e-12;

/** Norms [n] of rows [n, …], divided by the root of the number of values in a row. */
const norms = (rows: Tensor): Tensor =>
  rows.flatten({ startDim: 1 }).square().mean(1).add(leastSquare).sqrt();

/** `count` copies of rows [n, …], one after the other: [count · n, …]. */
const copies = (rows: Tensor, count: number): Tensor =>
  rows.repeat([count, ...rows.shape.slice(1).map(() => 1)]);

/**
 * The energy score mean|F_j − y| − ½ mean|F_j − F_k| of draws [m, n, …] for observations y [n, …], a scalar. It is least in
 * expectation only at the law of y (Gneiting and Raftery 2007, section 4.3). Lengths are divided by the root of the number of values.
 */
export function energyScore(draws: Tensor, y: Tensor): Tensor {
  const each = draws.unbind();
  const near = norms(draws.sub(y).flatten({ endDim: 1 })).mean();
  const apart = each.flatMap((one, j) => each.slice(j + 1).map((other) => one.sub(other)));
  return near.sub(norms(cat(apart)).mean(), { alpha: 0.5 });
}

/**
 * A draw of the endpoint [B, C, …] from the state x and noise ξ side by side, [B, 2C, …], and times [B]. The network gets ξ as a
 * condition, and learns the difference from the bridge between Gaussians of the data's moments in units of its deviation.
 */
export class EndpointGenerator extends Preconditioned {
  /** `net` takes as many further condition channels as a sample has. */
  constructor(
    net: Network,
    shape: readonly number[],
    { chain, direction }: { chain: Chain | undefined; direction: Direction },
  ) {
    super(net, shape, { chain, direction, coupled: true });
  }

  override forward(states: Tensor, t: Tensor, conditions: Conditions = {}): Tensor {
    const channels = states.size(1) / 2;
    const x = states.narrow(1, 0, channels);
    const noise = states.narrow(1, channels, channels);
    const { known, outward, output } = this.predict(x, t, withChannels(conditions, noise));
    return output.mul(outward).add(known);
  }

  /**
   * The energy score of m draws, scalar: states x [B, …], times t [B], noises [B, …] for each draw, and endpoints `reached` [B, …]. Rows
   * are measured in units of the deviation, so that all times count alike.
   */
  score(
    x: Tensor,
    t: Tensor,
    {
      conditions,
      noises,
      reached,
    }: { conditions: Conditions; noises: readonly Tensor[]; reached: Tensor },
  ): Tensor {
    const m = noises.length;
    const repeated = mapConditions(conditions, (rows) => copies(rows, m)) ?? {};
    const given = withChannels(repeated, cat(noises));
    const { known, outward, output } = this.predict(copies(x, m), copies(t, m), given);
    const first = (rows: Tensor) => (rows.size(0) === 1 ? rows : rows.narrow(0, 0, x.size(0)));
    const target = reached.sub(first(known)).div(first(outward));
    return energyScore(output.reshape([m, ...x.shape]), target);
  }
}
