// How a pickle describes tensors: storage, offset, shape and strides. Everything is checked here, before any bytes
// are read.
import { FormatError } from "../errors.js";
import { type DType, elementCount } from "../raw.js";

/** The elements that one or several tensors share, by their key in the file. */
export class StorageReference {
  /** How many tensors are still to be made from it. */
  uses = 0;

  constructor(
    readonly key: string,
    readonly dtype: DType,
    readonly numel: number,
  ) {}
}

/** A tensor as a view of a storage; `offset` and `strides` count elements. */
export class TensorReference {
  constructor(
    readonly storage: StorageReference,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}

  /** The number of elements. */
  get numel(): number {
    return elementCount(this.shape);
  }
}

/** The storages that a pickle has named so far. */
export class Storages {
  readonly #known = new Map<string, StorageReference>();

  constructor(readonly source: string) {}

  /**
   * The storage of a persistent identifier, `("storage", type, key, location, numel)` with a sixth
   * item, None, in the legacy format. Where it was on a GPU makes no difference: it is read to the CPU.
   *
   * Throws `InvalidValue`, and `SizeMismatch` where the same key was named with another type or size.
   */
  named(kind: unknown, dtype: DType | undefined, rest: readonly unknown[]): StorageReference {
    const [key, location, numel, view] = rest;
    const fits = kind === "storage" && dtype !== undefined && typeof key === "string";
    if (!fits || typeof location !== "string" || !isCount(numel) || (view ?? null) !== null) {
      throw new FormatError(
        "InvalidValue",
        this.source,
        `its pickle refers to ${typeof kind === "string" ? `a ${kind.slice(0, 40)}` : "something"} outside of it wrongly: expected a whole storage`,
      );
    }
    const known = this.#known.get(key);
    if (known !== undefined && (known.dtype !== dtype || known.numel !== numel)) {
      throw new FormatError(
        "SizeMismatch",
        this.source,
        `storage ${key} is ${known.dtype}[${known.numel}] and ${dtype}[${numel}]: expected one of both`,
      );
    }
    const storage = known ?? new StorageReference(key, dtype, numel);
    this.#known.set(key, storage);
    return storage;
  }

  get(key: string): StorageReference | undefined {
    return this.#known.get(key);
  }
}

/** Checks a view of a storage; throws `InvalidShape`, and `SizeMismatch` where it leads out of it. */
export function tensorReference(args: readonly unknown[], source: string): TensorReference {
  const [storage, offset, shape, strides, , , metadata] = args;
  const good =
    (args.length === 6 || args.length === 7) &&
    storage instanceof StorageReference &&
    isCount(offset) &&
    isCounts(shape) &&
    isCounts(strides) &&
    shape.length === strides.length &&
    shape.length <= 64;
  if (!good) {
    throw new FormatError(
      "InvalidShape",
      source,
      "a tensor is described wrongly: expected a storage, an offset, sizes and as many strides, none negative",
    );
  }
  if (metadata instanceof Map && metadata.size > 0) {
    throw new FormatError(
      "InvalidValue",
      source,
      "a tensor is marked as conjugated or negated: save it again after .resolve_conj().resolve_neg()",
    );
  }
  const empty = elementCount(shape, source) === 0;
  const last = shape.reduce((sum, size, d) => sum + (size - 1) * strides[d]!, offset);
  if (!empty && !(last < storage.numel)) {
    throw new FormatError(
      "SizeMismatch",
      source,
      `a tensor [${shape}] with strides [${strides}] reaches element ${last} of storage ${storage.key}: expected it ` +
        `below ${storage.numel}`,
    );
  }
  storage.uses++;
  return new TensorReference(storage, offset, shape, strides);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}
