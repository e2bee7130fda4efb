import { type Batch, countRows, mapBatch, type Pairs, tensorsOf } from "@dsbm/bridge";
import type { Generator } from "@dsbm/torch";
import { allOf } from "../distributed/ranks.js";
import { Order, type OrderState } from "./order.js";
import { cutRows, keptRows, type Making, type RowSource, type SourceState } from "./rows.js";

export class WholeRows implements RowSource {
  readonly #draw: () => Pairs;
  readonly #pairing: Generator;
  readonly #begin: Uint8Array;
  #pairs: Batch = {};
  #order: Order | null = null;

  /** `draw` draws all pairs, from `pairing` alone. */
  constructor(draw: () => Pairs, pairing: Generator) {
    this.#draw = draw;
    this.#pairing = pairing;
    this.#begin = pairing.getState();
  }

  due(): boolean {
    return false;
  }

  make(): Making {
    return [];
  }

  #drawOnce(): Order {
    if (this.#order) return this.#order;
    this.#pairs = keptRows(this.#draw);
    this.#order = new Order(countRows(this.#pairs), this.#pairing);
    return this.#order;
  }

  batch(n: number, part = allOf(n)): Batch {
    const order = this.#drawOnce().next(n);
    return mapBatch(cutRows(this.#pairs, allOf(countRows(this.#pairs))), (t) =>
      t.indexSelect(0, order.narrow(0, part.start, part.count).to({ device: t.device })),
    );
  }

  save(): SourceState {
    return { pairing: this.#begin, order: this.#order?.save() ?? null };
  }

  restore({ pairing, order }: SourceState): Making {
    this.#drop();
    this.#pairing.setState(pairing as Uint8Array);
    if (order !== null) this.#drawOnce().restore(order as OrderState);
    return [];
  }

  dispose(): void {
    this.#drop();
  }

  #drop(): void {
    for (const t of tensorsOf(this.#pairs)) t.dispose();
    this.#pairs = {};
    this.#order?.dispose();
    this.#order = null;
  }
}
