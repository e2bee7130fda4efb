// Memory of tensors: arrays that JavaScript collects, counted while a handle refers to them.
import { type ElementName, type Elements, elementType } from "./dtype.js";
import { fail } from "./errors.js";

/** The elements that views share. */
export class Storage {
  /** Counts operations in place, for autograd. */
  version = 0;
  /** Handles on it. */
  handles = 0;
  /** All 64 bits of integers beyond 2^53, as long as nothing is written. */
  exact: BigInt64Array | null = null;
  /** The number of elements. */
  readonly count: number;
  /** Size in bytes. */
  readonly bytes: number;
  constructor(
    /** Another array of the same elements after a move (see plan/memory.ts), which happens between operations only. */
    public array: Elements,
    /** Address in the memory of recorded programs, or −1. */
    public address = -1,
  ) {
    this.count = array.length;
    this.bytes = array.byteLength;
  }
}

/** Bytes of storages with a handle, the most at once, allocations so far, and what is allowed. */
export const usage: { current: number; peak: number; allocations: number; limit: number } = {
  current: 0,
  peak: 0,
  allocations: 0,
  limit: Number.POSITIVE_INFINITY,
};

/** Longest array of V8. */
const longestArray = 2 ** 32;

/**
 * Zeroed memory for so many elements.
 * @throws {TorchError} `ERR_TORCH_MEMORY`
 */
export function takeStorage(count: number, dtype: ElementName): Storage {
  const bytes = count * elementType(dtype).Kind.prototype.BYTES_PER_ELEMENT;
  const left = usage.limit - usage.current;
  if (bytes > left)
    fail(
      "ERR_TORCH_MEMORY",
      `cannot allocate ${bytes} bytes: ${Math.max(0, left)} are left below the limit`,
    );
  if (count > longestArray) fail("ERR_TORCH_MEMORY", `cannot allocate ${bytes} bytes`);
  usage.allocations++;
  try {
    return new Storage(new (elementType(dtype).Kind)(count));
  } catch {
    return fail("ERR_TORCH_MEMORY", `cannot allocate ${bytes} bytes`);
  }
}

/** A handle refers to the storage from now on. */
export function addHandle(storage: Storage): void {
  if (storage.handles++ > 0) return;
  usage.current += storage.bytes;
  usage.peak = Math.max(usage.peak, usage.current);
}

/** A handle no longer refers to the storage. */
export function removeHandle(storage: Storage): void {
  if (--storage.handles === 0) usage.current -= storage.bytes;
}
