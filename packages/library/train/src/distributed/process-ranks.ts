import { setTimeout as sleep } from "node:timers/promises";
import {
  cat,
  type Device,
  type DType,
  distributed,
  empty,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "@dsbm/torch";
import { type RankMessage, type Ranks, type RowRange, rowRangeOf } from "./ranks.js";

type Letter =
  | {
      facts: unknown;
      kinds: { name: string; shape: readonly number[]; dtype: DType; isOnCpu: boolean }[];
    }
  | { failure: string | null };

/** Process groups of a rank. */
export interface ProcessRanksOptions {
  /** For values on the processor. */
  control: distributed.ProcessGroup;
  /** For tensors on the device of training (default: `control`). */
  data?: distributed.ProcessGroup;
  /** The device that this rank trains on (default: the processor). */
  device?: Device;
}

/** One of several processes. Every rank makes one, with the same options. */
export class ProcessRanks implements Ranks {
  readonly rank: number;
  readonly size: number;
  readonly #control: distributed.ProcessGroup;
  readonly #data: distributed.ProcessGroup;
  readonly #device: Device;
  #letters = 0;
  #hasLeft = false;
  #mainHasLeft = false;
  mainFailure: string | null = null;

  constructor({ control, data = control, device = "cpu" }: ProcessRanksOptions) {
    ({ rank: this.rank, worldSize: this.size } = control);
    this.#control = control;
    this.#data = data;
    this.#device = device;
  }

  get isMain(): boolean {
    return this.rank === 0;
  }

  part(n: number, rank = this.rank): RowRange {
    return rowRangeOf(n, rank, this.size);
  }

  gather(own: Tensor, counts: readonly number[], dim = 0): Tensor {
    return tidy(() => {
      const most = Math.max(...counts);
      const rows = own.movedim(dim, 0);
      const missing = most - rows.size(0);
      const rest = rows.shape.slice(1);
      const filled =
        missing === 0
          ? rows
          : cat([rows, zeros([missing, ...rest], { dtype: own.dtype, device: own.device })]);
      const all = this.#groupOf(own).allGather(filled.contiguous());
      const parts = counts.map((n, rank) => all.select(0, rank).narrow(0, 0, n));
      return cat(parts).movedim(0, dim);
    });
  }

  fromAll<T>(value: T): T[] {
    return this.#control.allGatherObject(value);
  }

  max(values: readonly number[]): number[] {
    return tidy(() => {
      const all = tensor([...values], { dtype: "int64" });
      return this.#control.allReduce(all, { op: "max" }).toNumbers();
    });
  }

  fromMain<T>(value: T): T {
    return this.#control.broadcastObject(value);
  }

  assertInSync(tensors: Iterable<Tensor>): void {
    // Sums of bits are the same in any order.
    const sum = tidy(() =>
      Array.from(tensors, (t) =>
        t.dtype === "float32" ? t.detach().reshape([-1]).view("int32").sum().item() : 0,
      ).map(String),
    );
    const all = this.fromAll(sum.join());
    const odd = all.flatMap((text, rank) => (text === all[0] ? [] : [rank]));
    if (odd.length === 0) return;
    throw distributed.distributedError(
      `the weights of rank ${odd.join(", ")} differ from rank 0: the ranks must run the same program on the same kind of device; start again from the last checkpoint`,
      odd,
    );
  }

  run(what: string, work: () => void): void {
    this.#data.run(what, work);
  }

  average(gradients: readonly Tensor[], along: Tensor): void {
    distributed.averageAll(this.#data, [...gradients, along]);
  }

  allReduce(t: Tensor): void {
    this.#data.allReduce(t);
  }

  tell({ facts, tensors }: RankMessage): void {
    const kinds = Array.from(tensors, ([name, { shape, dtype, device }]) => ({
      name,
      shape,
      dtype,
      isOnCpu: device === "cpu",
    }));
    this.#post({ facts, kinds });
    for (const t of tensors.values()) this.#groupOf(t).broadcast(t.detach());
  }

  #post(letter: Letter): void {
    this.#control.store.set(`letter/${this.#letters++}`, JSON.stringify(letter));
  }

  async listen<T>(): Promise<RankMessage<T> | null> {
    if (this.#mainHasLeft) return null;
    const { store } = this.#control;
    const key = `letter/${this.#letters++}`;
    let text = store.peek(key);
    for (let pause = 1; text === undefined; pause = Math.min(pause * 1.5, 100)) {
      await sleep(pause);
      const isServed = store.isServed();
      text = store.peek(key);
      if (text === undefined && !isServed)
        throw distributed.distributedError("waiting for rank 0: rank 0 is gone", [0]);
    }
    const letter = JSON.parse(text) as Letter;
    if ("failure" in letter) {
      this.#mainHasLeft = true;
      this.mainFailure = letter.failure;
      return null;
    }
    const tensors = letter.kinds.map(({ name, shape, dtype, isOnCpu }) => {
      const target = empty(shape, { dtype, device: isOnCpu ? "cpu" : this.#device });
      return [name, this.#groupOf(target).broadcast(target)] as const;
    });
    return { facts: letter.facts as T, tensors: new Map(tensors) };
  }

  #groupOf({ device }: Tensor): distributed.ProcessGroup {
    return device === "cpu" ? this.#control : this.#data;
  }

  leave({ failure = null }: { failure?: string | null } = {}): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    if (this.isMain) this.#post({ failure });
    if (this.#data !== this.#control) this.#data.destroy({ barrier: false });
    this.#control.destroy({ barrier: failure === null });
  }
}
