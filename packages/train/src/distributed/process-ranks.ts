// Several processes that train one bridge in step, over c10d groups and their store.
import { setTimeout as sleep } from "node:timers/promises";
import {
  cat,
  type Device,
  distributed,
  empty,
  type Parameter,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "@dsbm/torch";
import { type Command, type Part, partOf, type Ranks, type TensorKind } from "./ranks.js";

type Group = distributed.Group;

export interface ProcessRanksOptions {
  /** For values on the processor: the facts that all agree on. */
  control: Group;
  /** For tensors on the device that is trained on; default: `control`. */
  data?: Group;
  /** The device that this rank trains on (default: the processor). */
  device?: Device;
  /** How gradients travel. */
  gradients?: distributed.BucketOptions;
}

/** One of several processes. Every rank makes one, with the same options. */
export class ProcessRanks implements Ranks {
  readonly rank: number;
  readonly size: number;
  readonly #control: Group;
  readonly #data: Group;
  readonly #device: Device;
  readonly #gradients: distributed.BucketOptions;
  #sent = 0;
  #isOver = false;

  constructor({ control, data = control, device = "cpu", gradients = {} }: ProcessRanksOptions) {
    ({ rank: this.rank, worldSize: this.size } = control);
    this.#control = control;
    this.#data = data;
    this.#device = device;
    this.#gradients = gradients;
  }

  get isMain(): boolean {
    return this.rank === 0;
  }

  part(n: number, rank = this.rank): Part {
    return partOf(n, rank, this.size);
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

  any(flag: boolean): boolean {
    return this.max([flag ? 1 : 0])[0] === 1;
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

  outOfSyncRanks(tensors: Iterable<Tensor>): number[] {
    // Sums of bits are the same in any order.
    const sum = tidy(() =>
      Array.from(tensors, (t) =>
        t.dtype === "float32" ? t.detach().reshape([-1]).view("int32").sum().item() : 0,
      ).map(String),
    );
    const all = this.#control.allGatherObject(sum.join());
    return all.flatMap((text, rank) => (text === all[0] ? [] : [rank]));
  }

  assertInSync(tensors: Iterable<Tensor>): void {
    const odd = this.outOfSyncRanks(tensors);
    if (odd.length === 0) return;
    throw new distributed.DistributedError(
      `the weights of rank ${odd.join(", ")} are no longer those of rank 0: the ranks must run the same program on the same kind of device; start again from the last checkpoint`,
      odd,
    );
  }

  barrier(): void {
    this.#control.barrier();
  }

  run(what: string, work: () => void): void {
    this.#data.run(what, work);
  }

  gradientBuckets(parameters: readonly Parameter[]): distributed.GradientBuckets {
    return new distributed.GradientBuckets(this.#data, parameters, this.#gradients);
  }

  allReduce(t: Tensor): void {
    this.#data.allReduce(t);
  }

  gatherBytes(own: Uint8Array): Uint8Array[] {
    const all = tidy(() => this.#control.allGather(tensor(own)).toArray() as Uint8Array);
    return Array.from({ length: this.size }, (_, r) =>
      all.slice(r * own.length, (r + 1) * own.length),
    );
  }

  broadcast(command: Command): void {
    const { store } = this.#control;
    // All have done the work before the last one.
    if (this.#sent > 1) store.delete(`command/${this.#sent - 2}`);
    store.set(`command/${this.#sent++}`, JSON.stringify(command));
  }

  dismiss(failed?: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.broadcast({ kind: "over", ...(failed !== undefined && { failed }) });
  }

  async next(): Promise<Command> {
    const { store } = this.#control;
    const key = `command/${this.#sent++}`;
    for (let pause = 1; ; pause = Math.min(pause * 1.5, 100)) {
      const text = store.peek(key);
      if (text !== undefined) return JSON.parse(text) as Command;
      await sleep(pause);
    }
  }

  send(t: Tensor): void {
    this.#groupOf(t).broadcast(t.detach());
  }

  receive({ shape, dtype, isOnCpu }: TensorKind): Tensor {
    const own = empty(shape, { dtype, device: isOnCpu ? "cpu" : this.#device });
    return this.#groupOf(own).broadcast(own);
  }

  #groupOf({ device }: Tensor): Group {
    return device === "cpu" ? this.#control : this.#data;
  }

  leave({ failed = false }: { failed?: boolean } = {}): void {
    if (this.#data !== this.#control) this.#data.destroy({ barrier: false });
    this.#control.destroy({ barrier: !failed });
  }
}
