import { Buffer, nn, type Tensor, tensor } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import type { Chain } from "../core/endpoints.js";
import { argumentError } from "../core/errors.js";
import type { Network } from "../core/network.js";
import { asColumn } from "../process/process.js";
import type { Field } from "../solver/solver.js";
import { intervalAt, intervalsOf } from "./chain.js";
import { inInterval } from "./endpoints.js";

/** Start times and lengths of all intervals as buffers [K], for networks that take interval numbers. */
export class IntervalTable extends nn.Module {
  /** Start times, [K]. */
  from: Buffer;
  /** Lengths, [K]. */
  length: Buffer;
  constructor(chain: Chain) {
    super();
    const all = intervalsOf(chain);
    const row = (values: number[]) => new Buffer(tensor(values, { dtype: "float32" }));
    this.from = row(all.map(({ from }) => from));
    this.length = row(all.map(({ length }) => length));
  }

  forward(interval: Tensor): Tensor {
    return this.from.indexSelect(0, interval);
  }

  /**
   * Each [B].
   * @throws {BridgeError} for rows without an interval.
   */
  of({ interval }: Conditions): { index: Tensor; from: Tensor; length: Tensor } {
    if (!interval)
      throw argumentError("a network of several marginals needs the interval of each row");
    const length = this.length.indexSelect(0, interval);
    return { index: interval, from: this.forward(interval), length };
  }
}

/** A drift (or flow, or score) x [B, …], t [B] → [B, …] in each row's clock and units. */
class AbsoluteTime extends nn.Module {
  net: Network;
  intervals: IntervalTable;
  constructor(net: Network, chain: Chain) {
    super();
    this.net = net;
    this.intervals = new IntervalTable(chain);
  }
  forward(x: Tensor, t: Tensor, conditions: Conditions = {}): Tensor {
    const { from, length } = this.intervals.of(conditions);
    const unit = asColumn(length.sqrt(), x);
    const { interval: _, ...others } = conditions;
    // dy/ds = √length dx/dt for y = x/√length and t = from + length·s; gradients by y have the same factor.
    return this.net.forward(x.mul(unit), t.mul(length).add(from), others).mul(unit);
  }
}

/** The network, or for a chain the network on absolute time. */
export const withAbsoluteTime = (net: Network, chain: Chain | null | undefined): Network =>
  chain ? new AbsoluteTime(net, chain) : net;

/**
 * Joins fields within the intervals to a field x [B, …], t [B] of the whole process. It reads the time, so it
 * cannot be recorded.
 */
export function wholeField(
  chain: Chain,
  direction: Direction,
  within: (conditions: Conditions) => Field,
  conditions: Conditions | undefined,
): Field {
  return (x, t) => {
    const interval = intervalAt(chain, direction, t.select(0, 0).item());
    const { from, length, unit } = interval;
    const y = x.div(unit);
    return within(inInterval(interval, y, conditions))(y, t.sub(from).div(length)).div(unit);
  };
}
