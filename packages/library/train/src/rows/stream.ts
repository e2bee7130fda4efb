// Rows made a batch at a time: of a first pass, or of online methods, simulated with the present weights.
import {
  type Batch,
  type Decode,
  type Endpoint,
  type Endpoints,
  gatherEndpoints,
  type Matching,
} from "@dsbm/bridge";
import type { Generator } from "@dsbm/torch";
import { allRowsOf, type RowRange } from "../distributed/ranks.js";
import { type BatchSource, cutRows, type ProgressSteps, type SourceState } from "./batch-source.js";
import { matchedOrder, type PairOrder, separateOrders } from "./row-order.js";

interface StreamOptions {
  data: Endpoints;
  decode: Decode;
  /** The rows of a batch of both ends; draws from `simulate` alone. */
  rows: (batch: Endpoints) => Batch;
  simulate: Generator;
  shuffle: { x0: Generator; x1: Generator };
  matching?: Matching | null;
}

/** Makes the rows of each batch and keeps none. */
export class StreamRows implements BatchSource {
  readonly #options: StreamOptions;
  readonly #order: PairOrder;
  constructor(options: StreamOptions) {
    this.#options = options;
    const { data, shuffle, matching } = options;
    this.#order = matching
      ? matchedOrder(matching, shuffle)
      : separateOrders({ x0: data.x0.size(0), x1: data.x1.size(0) }, shuffle);
  }

  /** Every rank makes the whole batch, so that its numbers do not depend on the number of ranks. */
  batch(n: number, part: RowRange = allRowsOf(n)): Batch {
    const { data, decode, rows, simulate } = this.#options;
    const order = this.#order.next(n);
    const rowsOf = (end: Endpoint) => order[end].to({ device: data[end].device });
    const index = { x0: rowsOf("x0"), x1: rowsOf("x1") };
    const batch = gatherEndpoints(data, (end) => index[end], { decode, generator: simulate });
    const known = order.known?.to({ device: data.x0.device });
    return cutRows(rows(Object.assign(batch, { shuffled: true, known })), part);
  }

  /** The states of its streams. */
  save(): SourceState {
    return { simulate: this.#options.simulate.getState(), ...this.#order.save() };
  }

  /** Restores the streams; makes no rows. */
  restore(state: SourceState): ProgressSteps {
    this.#options.simulate.setState(state.simulate as Uint8Array);
    this.#order.restore(state);
    return [];
  }

  /** Frees the order of the rows. */
  dispose(): void {
    this.#order.dispose();
  }
}
