import { call, invoke } from "../binding/dispatch.js";
import type { DType } from "../binding/dtype.js";
import { invalid } from "../binding/errors.js";
import { ptrOf, tidy } from "../binding/handle.js";
import { guarded } from "../binding/native.js";
import { zeros } from "../tensor/create.js";
import { noGrad } from "../tensor/grad.js";
import { cat } from "../tensor/ops.generated.js";
import type { Tensor } from "../tensor/tensor.js";
import { distributedError } from "./errors.js";
import type { Group } from "./group.js";
import { c10d, ops } from "./native.js";

/** How gradients are grouped and sent. */
export interface BucketOptions {
  /** Bytes a bucket in 2^20; default 25, as PyTorch's DDP. */
  bucketCapMb?: number;
  /** The dtype in which gradients are sent and summed (default: their own). */
  precision?: DType;
}

interface Bucket {
  parameters: Tensor[];
  left: number;
  flat: Tensor | null;
}

const width: Partial<Record<DType, number>> = { float64: 8, float32: 4, float16: 2, bfloat16: 2 };

/** The gradients of a model's parameters, averaged over a group; made alike on all ranks. */
export class GradientBuckets implements Disposable {
  readonly #group: Group;
  readonly #precision: DType | undefined;
  readonly #buckets: Bucket[] = [];
  /** The next bucket to send: all ranks send in the same order. */
  #next = 0;
  #active = false;
  #along: Tensor | null = null;

  /**
   * Takes over the gradient hooks of `parameters`, leaves in the order of the model. Throws a TorchError that names the
   * rank whose shapes or dtypes differ.
   */
  constructor(
    group: Group,
    parameters: readonly Tensor[],
    { bucketCapMb = 25, precision }: BucketOptions = {},
  ) {
    if (!(bucketCapMb > 0))
      throw invalid(`bucketCapMb is ${bucketCapMb}: expected a positive number of mebibytes`);
    if (precision !== undefined && width[precision] === undefined)
      throw invalid(`precision ${precision}: expected ${Object.keys(width).join(", ")}`);
    this.#group = group;
    this.#precision = precision;
    agree(group, parameters, [bucketCapMb, precision ?? "own"]);
    this.#fill(parameters, bucketCapMb * 2 ** 20);
    for (const bucket of this.#buckets)
      for (const parameter of bucket.parameters) {
        const ready = () => this.#ready(bucket);
        guarded(() => c10d.onGradient(ptrOf(parameter), ready), "GradientBuckets");
      }
  }

  /**
   * Runs `backward` and averages the gradients that it leaves; backward passes outside accumulate locally. A parameter is
   * used on all ranks or on none. `along` [k], float32, is averaged too. Throws a TorchError.
   */
  average<T>(backward: () => T, { along }: { along?: Tensor } = {}): T {
    return this.#group.run("average of gradients", () => {
      this.#reset();
      this.#active = true;
      this.#along = along ?? null;
      try {
        const result = backward();
        this.#active = false;
        tidy(() => noGrad(() => this.#finish()));
        return result;
      } finally {
        this.#reset();
      }
    });
  }

  [Symbol.dispose](): void {
    for (const { parameters } of this.#buckets)
      for (const p of parameters) if (!p.disposed) guarded(() => c10d.onGradient(ptrOf(p), null));
  }

  #fill(parameters: readonly Tensor[], cap: number): void {
    let room = 0;
    let kind = "";
    for (const parameter of [...parameters].reverse()) {
      const { dtype, device, numel } = parameter;
      const bytes = numel * (width[this.#precision ?? dtype] ?? 4);
      if (`${dtype} ${device}` !== kind || bytes > room) {
        this.#buckets.push({ parameters: [], left: 0, flat: null });
        kind = `${dtype} ${device}`;
        room = cap;
      }
      this.#buckets.at(-1)?.parameters.push(parameter);
      room -= bytes;
    }
  }

  #reset(): void {
    this.#active = false;
    this.#along = null;
    this.#next = 0;
    for (const bucket of this.#buckets) {
      bucket.flat?.dispose();
      bucket.flat = null;
      bucket.left = bucket.parameters.length;
    }
  }

  #ready(bucket: Bucket): void {
    if (!this.#active) return;
    bucket.left--;
    if (bucket.left < 0)
      throw invalid("average: more than one backward pass; run the others outside, to accumulate");
    for (let next = this.#buckets[this.#next]; next?.left === 0; next = this.#buckets[this.#next])
      this.#send(next);
  }

  #send(bucket: Bucket): void {
    this.#next++;
    tidy(() =>
      noGrad(() => {
        const parts = bucket.parameters.map((p) => (p.grad ?? zeros(p.shape, p)).reshape([-1]));
        const whole = cat([...parts, ...this.#besides(bucket)]);
        const flat = (this.#precision ? whole.to(this.#precision) : whole).keep();
        bucket.flat = flat;
        this.#start(flat);
      }),
    );
  }

  #start(flat: Tensor): void {
    invoke(ops.allReduce, flat.div_(this.#group.worldSize), this.#group.id, "sum");
  }

  #besides(bucket: Bucket): Tensor[] {
    if (!this.#along || bucket !== this.#buckets[0]) return [];
    return this.#travels(this.#along) ? [this.#along] : [];
  }

  #travels(along: Tensor): boolean {
    const kind = this.#precision ?? this.#buckets[0]?.parameters[0]?.dtype;
    return kind === along.dtype;
  }

  #finish(): void {
    for (const bucket of this.#buckets.slice(this.#next)) this.#send(bucket);
    const along = this.#along;
    const alone = along !== null && !this.#travels(along);
    if (alone) this.#start(along);
    for (const bucket of this.#buckets) {
      const { parameters, flat } = bucket;
      invoke(ops.wait, flat);
      const besides = this.#besides(bucket);
      const sizes = [...parameters, ...besides].map((p) => p.numel);
      const parts = call("aten::split_with_sizes", "", flat, sizes) as Tensor[];
      if (besides[0]) besides[0].copy_(parts.at(-1) as Tensor);
      const pairs = parameters.flatMap((p, i) => {
        const { grad } = p;
        return grad ? [{ grad, part: (parts[i] as Tensor).view(p.shape) }] : [];
      });
      if (pairs.length === 0) continue;
      const to = pairs.map((p) => p.grad);
      const from = pairs.map((p) => p.part);
      call("aten::_foreach_copy_", "", to, from);
    }
    if (alone) invoke(ops.wait, along);
  }
}

function agree(group: Group, parameters: readonly Tensor[], options: unknown[]): void {
  const mine = [...parameters.map((p) => `${p.dtype}[${p.shape}]`), ...options.map(String)];
  const all = group.allGatherObject(mine);
  for (const [rank, list] of all.entries()) {
    const [first] = all as [string[]];
    const at = first.findIndex((kind, i) => kind !== list[i]);
    if (at < 0 && list.length === first.length) continue;
    const i = at < 0 ? first.length : at;
    throw distributedError(
      `ranks do not train the same parameters: number ${i} is ${list[i] ?? "missing"} on rank ${rank}, ${first[i] ?? "missing"} on rank 0; build the same model, with the same buckets, on every rank`,
      [rank],
    );
  }
}
