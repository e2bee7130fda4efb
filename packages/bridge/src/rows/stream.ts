// Rows of the first pass, which nothing has to be simulated for: gathered from the tables a batch at a time,
// so that tables may be encoded, mapped from disk and larger than memory.
import type { Generator, Tensor } from "@dsbm/torch";
import { type Decode, type Endpoints, gathered } from "../dataset.js";
import type { End } from "../direction.js";
import { Order, type OrderState } from "../order.js";
import { type DrawRows, drawPart } from "../random.js";
import type { Part } from "../ranks.js";
import { allOf, type Making, type RowSource, type SourceState } from "../rows.js";

export interface StreamOptions {
  data: Endpoints;
  decode: Decode;
  /** The rows that a batch of both ends gives; draws from `simulate` alone, for its rows as `forRows` does. */
  rows: (batch: Endpoints, forRows: DrawRows) => Tensor[];
  simulate: Generator;
  /** One stream for the order of each table. */
  shuffle: { x0: Generator; x1: Generator };
}

export class StreamRows implements RowSource {
  readonly #options: StreamOptions;
  readonly #orders: Record<"x0" | "x1", Order>;
  constructor(options: StreamOptions) {
    this.#options = options;
    const { data, shuffle } = options;
    this.#orders = {
      x0: new Order(data.x0.size(0), shuffle.x0),
      x1: new Order(data.x1.size(0), shuffle.x1),
    };
  }

  due(): boolean {
    return false;
  }

  make(): Making {
    return [];
  }

  batch(n: number, part: Part = allOf(n)): Tensor[] {
    const { data, decode, rows, simulate } = this.#options;
    const next = (end: End) =>
      this.#orders[end].next(n).narrow(0, part.start, part.count).to({ device: data[end].device });
    const index = { x0: next("x0"), x1: next("x1") };
    const forRows = drawPart(part, n);
    const batch = gathered(data, (end) => index[end], { decode, generator: simulate, forRows });
    return rows(Object.assign(batch, { shuffled: true }), forRows);
  }

  save(): SourceState {
    return {
      simulate: this.#options.simulate.getState(),
      x0: { ...this.#orders.x0.save() },
      x1: { ...this.#orders.x1.save() },
    };
  }

  restore(state: SourceState): Making {
    this.#options.simulate.setState(state.simulate as Uint8Array);
    for (const end of ["x0", "x1"] as const)
      this.#orders[end].restore(state[end] as unknown as OrderState);
    return [];
  }

  dispose(): void {
    this.#orders.x0.dispose();
    this.#orders.x1.dispose();
  }
}
