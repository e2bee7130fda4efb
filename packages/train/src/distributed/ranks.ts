// Several processes that train one bridge in step: who has which rows, how parts become a whole again, and how rank 0,
// which alone evaluates and writes, has the others help it.
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

type Group = distributed.Group;

/** Rows [start, start + count) of some. */
export interface Part {
  start: number;
  count: number;
}

/** What rank 0 has the others do. */
export interface Command {
  kind: string;
  [fact: string]: unknown;
}

/** A tensor that is to be sent, in JSON. */
interface TensorKind {
  shape: readonly number[];
  dtype: DType;
  isOnCpu: boolean;
}

export interface RanksOptions {
  /** For values on the processor: the facts that all agree on. */
  control: Group;
  /** For tensors on the device that is trained on; default: `control`. */
  data?: Group;
  /** The device that this rank trains on (default: the processor). */
  device?: Device;
  /** How gradients travel. */
  gradients?: distributed.BucketOptions;
}

/** The processes of one training. Every rank makes one, with the same options, and calls the same methods in order. */
export class Ranks {
  readonly rank: number;
  readonly size: number;
  readonly control: Group;
  readonly data: Group;
  readonly device: Device;
  readonly gradients: distributed.BucketOptions;
  #sent = 0;
  #isOver = false;

  constructor({ control, data = control, device = "cpu", gradients = {} }: RanksOptions) {
    ({ rank: this.rank, worldSize: this.size } = control);
    this.control = control;
    this.data = data;
    this.device = device;
    this.gradients = gradients;
  }

  /** Whether this is rank 0. */
  get isMain(): boolean {
    return this.rank === 0;
  }

  /** The part of `n` that a rank has: in order, and of sizes that differ by one at most. */
  part(n: number, rank = this.rank): Part {
    const start = Math.floor((n * rank) / this.size);
    return { start, count: Math.floor((n * (rank + 1)) / this.size) - start };
  }

  /** All ranks' rows joined along `dim`: each brings the next `counts[rank]`. Throws a DistributedError. */
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

  /** Whether any rank says so. Throws a DistributedError. */
  any(flag: boolean): boolean {
    return this.most([flag ? 1 : 0])[0] === 1;
  }

  /** The largest of the ranks' integers in each place. Throws a DistributedError. */
  most(values: readonly number[]): number[] {
    return tidy(() => {
      const all = tensor([...values], { dtype: "int64" });
      return this.control.allReduce(all, { op: "max" }).toNumbers();
    });
  }

  /** Rank 0's value, of JSON. Throws a DistributedError. */
  same<T>(value: T): T {
    return this.control.broadcastObject(value);
  }

  /** The ranks whose tensors are not, bit for bit, those of rank 0. Throws a DistributedError. */
  outOfSyncRanks(tensors: Iterable<Tensor>): number[] {
    // Sums of bits are the same in any order.
    const sum = tidy(() =>
      Array.from(tensors, (t) =>
        t.dtype === "float32" ? t.detach().reshape([-1]).view("int32").sum().item() : 0,
      ).map(String),
    );
    const all = this.control.allGatherObject(sum.join());
    return all.flatMap((text, rank) => (text === all[0] ? [] : [rank]));
  }

  /**
   * Throws a DistributedError that names the ranks whose tensors are not, bit for bit, those of rank 0:
   * whatever made them differ, they no longer train one model.
   */
  assertInSync(tensors: Iterable<Tensor>): void {
    const odd = this.outOfSyncRanks(tensors);
    if (odd.length === 0) return;
    throw new distributed.DistributedError(
      `the weights of rank ${odd.join(", ")} are no longer those of rank 0: the ranks must run the same program on the same kind of device; start again from the last checkpoint`,
      odd,
    );
  }

  /** As rank 0: has the others do something. They must be waiting in `next`, or come there. */
  broadcast(command: Command): void {
    const { store } = this.control;
    // All have done what was told before the last one.
    if (this.#sent > 1) store.delete(`command/${this.#sent - 2}`);
    store.set(`command/${this.#sent++}`, JSON.stringify(command));
  }

  /** As rank 0: lets the others go, because all is done or, with a reason, because it cannot be. Idempotent. */
  dismiss(failed?: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.broadcast({ kind: "over", ...(failed !== undefined && { failed }) });
  }

  /**
   * As another rank: waits for what rank 0 has it do, as long as that takes, and lets timers and signals have their
   * turn. Throws a DistributedError where rank 0 is gone.
   */
  async next(): Promise<Command> {
    const { store } = this.control;
    const key = `command/${this.#sent++}`;
    for (let pause = 1; ; pause = Math.min(pause * 1.5, 100)) {
      const text = store.peek(key);
      if (text !== undefined) return JSON.parse(text) as Command;
      await sleep(pause);
    }
  }

  /** How a tensor is announced, so that others can make room for it. */
  static kindOf({ shape, dtype, device }: Tensor): TensorKind {
    return { shape, dtype, isOnCpu: device === "cpu" };
  }

  /** Sends a tensor of rank 0 to all. Throws a DistributedError. */
  send(t: Tensor): void {
    this.#groupOf(t).broadcast(t.detach());
  }

  /** The tensor that rank 0 sends. Throws a DistributedError. */
  receive({ shape, dtype, isOnCpu }: TensorKind): Tensor {
    const own = empty(shape, { dtype, device: isOnCpu ? "cpu" : this.device });
    return this.#groupOf(own).broadcast(own);
  }

  #groupOf({ device }: Tensor): Group {
    return device === "cpu" ? this.control : this.data;
  }

  /** Leaves the groups: after an error without waiting for the others. */
  leave({ failed = false }: { failed?: boolean } = {}): void {
    if (this.data !== this.control) this.data.destroy({ barrier: false });
    this.control.destroy({ barrier: !failed });
  }
}
