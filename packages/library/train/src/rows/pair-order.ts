import type { Matching, RowPairs } from "@dsbm/bridge";
import type { Generator } from "@dsbm/torch";
import { Order, type OrderState } from "./order.js";
import type { SourceState } from "./rows.js";

export interface PairOrder {
  /** The next n of each, int64 [n] on the CPU, and which of them are known pairs. */
  next(n: number): RowPairs;
  save(): { x0: SourceState; x1: SourceState };
  restore(state: SourceState): void;
  dispose(): void;
}

interface Streams {
  x0: Generator;
  x1: Generator;
}

export function separateOrders(sizes: { x0: number; x1: number }, streams: Streams): PairOrder {
  const x0 = new Order(sizes.x0, streams.x0);
  const x1 = new Order(sizes.x1, streams.x1);
  return {
    next: (n) => ({ x0: x0.next(n), x1: x1.next(n) }),
    save: () => ({ x0: x0.save(), x1: x1.save() }),
    restore(state) {
      x0.restore(state.x0 as OrderState);
      x1.restore(state.x1 as OrderState);
    },
    dispose() {
      x0.dispose();
      x1.dispose();
    },
  };
}

export function matchedOrder(matching: Matching, streams: Streams): PairOrder {
  const order = new Order(matching.rows.length, streams.x0);
  return {
    next: (n) => matching.partners(order.next(n), streams.x1),
    save: () => ({ x0: order.save(), x1: { partners: streams.x1.getState() } }),
    restore({ x0, x1 }) {
      order.restore(x0 as OrderState);
      streams.x1.setState((x1 as { partners: Uint8Array }).partners);
    },
    dispose: () => order.dispose(),
  };
}
