// The memory of recorded programs in WebAssembly. Intermediates of all programs share one arena, since programs run one after the
// other. Tensors that programs hold move in when a program is planned, and out when others need the room.
import type { Elements } from "../dtype.js";
import { fail } from "../errors.js";
import { bytesOfConstants, createKernels, growTo, type Kernels } from "../kernel/wasm.js";
import type { Storage } from "../storage.js";
import { Blocks } from "./blocks.js";

/** Larger tensors stay outside: operations copy the part that they need. */
const mostResidentBytes = 2 ** 25;
/** Bytes of residents of other programs. */
const mostIdleBytes = 2 ** 27;

type ElementsKind = new (buffer: ArrayBuffer, address: number, count: number) => Elements;

interface Area {
  address: number;
  bytes: number;
}

class ProgramMemory {
  /** Counts moves: plans of another version are planned again. */
  version = 0;
  readonly #kernels = createKernels(2);
  readonly #blocks = new Blocks(bytesOfConstants);
  /** The least recently planned first. */
  readonly #residents = new Set<Storage>();
  #residentBytes = 0;
  #arena: Area = { address: 0, bytes: 0 };
  #workspace: Area = { address: 0, bytes: 0 };

  /** The kernels that work on this memory. */
  get wasm(): Kernels {
    return this.#kernels.wasm;
  }

  /** Elements of the kind of an array at an address. */
  elementsLike(array: Elements, address: number, count: number): Elements {
    const Kind = array.constructor as ElementsKind;
    return new Kind(this.#kernels.memory.buffer, address, count);
  }

  /** Moves a storage in, unless it is too large. `keep` are the storages of the program that asks. */
  admit(storage: Storage, keep: ReadonlySet<Storage>): void {
    if (this.#residents.delete(storage)) {
      this.#residents.add(storage);
      return;
    }
    const { bytes, array } = storage;
    if (bytes > mostResidentBytes || storage.exact) return;
    if (this.#residentBytes + bytes > mostIdleBytes) this.#dismiss(keep, () => true);
    const address = this.#take(bytes, keep);
    const inside = this.elementsLike(array, address, array.length);
    inside.set(array as never);
    storage.array = inside;
    storage.address = address;
    this.#residents.add(storage);
    this.#residentBytes += bytes;
  }

  /** The address of memory for the intermediates of a program. */
  arena(bytes: number, keep: ReadonlySet<Storage>): number {
    this.#arena = this.#enlarged(this.#arena, bytes, keep);
    return this.#arena.address;
  }

  /** The address of memory that a kernel uses while it runs, for so many float32 numbers. */
  workspace(count: number, keep: ReadonlySet<Storage>): number {
    this.#workspace = this.#enlarged(this.#workspace, 4 * count, keep);
    return this.#workspace.address;
  }

  #enlarged(area: Area, bytes: number, keep: ReadonlySet<Storage>): Area {
    if (bytes <= area.bytes) return area;
    if (area.bytes > 0) this.#blocks.release(area.address, area.bytes);
    const size = Math.ceil(1.25 * bytes);
    this.version++;
    return { address: this.#take(size, keep), bytes: size };
  }

  /**
   * The address of a block. Memory grows only if residents without a handle leave no room.
   * @throws {TorchError} `ERR_TORCH_MEMORY`
   */
  #take(bytes: number, keep: ReadonlySet<Storage>): number {
    const gap = this.#blocks.takeGap(bytes);
    if (gap >= 0) return gap;
    this.#dismiss(keep, ({ handles }) => handles === 0);
    const address = this.#blocks.take(bytes);
    try {
      const { memory } = this.#kernels;
      const room = Math.ceil(1.25 * this.#blocks.top);
      if (this.#blocks.top + 64 > memory.buffer.byteLength && growTo(memory, room)) this.#rebind();
    } catch {
      this.#blocks.release(address, bytes);
      fail("ERR_TORCH_MEMORY", `cannot allocate ${bytes} bytes for a recorded program`);
    }
    return address;
  }

  /** A memory that grew has another buffer. */
  #rebind(): void {
    this.version++;
    for (const storage of this.#residents)
      storage.array = this.elementsLike(storage.array, storage.address, storage.count);
  }

  /** Moves residents out, except the residents of `keep`. */
  #dismiss(keep: ReadonlySet<Storage>, isIdle: (storage: Storage) => boolean): void {
    for (const storage of this.#residents) {
      if (keep.has(storage) || !isIdle(storage)) continue;
      const { bytes } = storage;
      this.#blocks.release(storage.address, bytes);
      storage.array = storage.array.slice();
      storage.address = -1;
      this.#residents.delete(storage);
      this.#residentBytes -= bytes;
      this.version++;
    }
  }
}

/** The memory of recorded programs. */
export const programMemory: ProgramMemory = new ProgramMemory();
