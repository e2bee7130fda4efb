// Rows of the first pass, which nothing has to be simulated for: gathered from the tables a batch at a time,
// so that tables may be encoded, mapped from disk and larger than memory.

import {
  type Decode,
  type DrawRows,
  drawPart,
  type End,
  type Endpoints,
  gathered,
  type Matching,
} from "@dsbm/bridge";
import type { Generator, Tensor } from "@dsbm/torch";
import type { Part } from "../distributed/ranks.js";
import { matchedOrder, type PairOrder, separateOrders } from "./pair-order.js";
import { allOf, type Making, type RowSource, type SourceState } from "./rows.js";

export interface StreamOptions {
  data: Endpoints;
  decode: Decode;
  /** The rows that a batch of both ends gives; draws from `simulate` alone, for its rows as `forRows` does. */
  rows: (batch: Endpoints, forRows: DrawRows) => Tensor[];
  simulate: Generator;
  /** One stream for the order of each table. */
  shuffle: { x0: Generator; x1: Generator };
  /** Where pairs are to share their conditions. */
  matching?: Matching | null;
}

export class StreamRows implements RowSource {
  readonly #options: StreamOptions;
  readonly #order: PairOrder;
  constructor(options: StreamOptions) {
    this.#options = options;
    const { data, shuffle, matching } = options;
    this.#order = matching
      ? matchedOrder(matching, shuffle)
      : separateOrders({ x0: data.x0.size(0), x1: data.x1.size(0) }, shuffle);
  }

  due(): boolean {
    return false;
  }

  make(): Making {
    return [];
  }

  batch(n: number, part: Part = allOf(n)): Tensor[] {
    const { data, decode, rows, simulate } = this.#options;
    const order = this.#order.next(n);
    const own = (end: End) =>
      order[end].narrow(0, part.start, part.count).to({ device: data[end].device });
    const index = { x0: own("x0"), x1: own("x1") };
    const forRows = drawPart(part, n);
    const batch = gathered(data, (end) => index[end], { decode, generator: simulate, forRows });
    return rows(Object.assign(batch, { shuffled: true }), forRows);
  }

  save(): SourceState {
    return { simulate: this.#options.simulate.getState(), ...this.#order.save() };
  }

  restore(state: SourceState): Making {
    this.#options.simulate.setState(state.simulate as Uint8Array);
    this.#order.restore(state);
    return [];
  }

  dispose(): void {
    this.#order.dispose();
  }
}
