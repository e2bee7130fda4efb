interface MemoryBlock {
  address: number;
  bytes: number;
}

const unit = 64;
const roundUp = (bytes: number) => Math.max(unit, Math.ceil(bytes / unit) * unit);

/** Blocks of a memory: the first gap that is large enough, or the end. */
export class Blocks {
  /** The end of what is in use. */
  top: number;
  readonly #gaps: MemoryBlock[] = [];
  /** Address 0 stands for none. */
  constructor(start: number = unit) {
    this.top = start;
  }

  /** The address of a gap with room for so many bytes, which it leaves; −1 if there is none. */
  takeGap(count: number): number {
    const bytes = roundUp(count);
    const i = this.#gaps.findIndex((gap) => gap.bytes >= bytes);
    if (i < 0) return -1;
    const gap = this.#gaps[i];
    const { address } = gap;
    if (gap.bytes === bytes) this.#gaps.splice(i, 1);
    else this.#gaps[i] = { address: address + bytes, bytes: gap.bytes - bytes };
    return address;
  }

  /** The address of a block of so many bytes. */
  take(count: number): number {
    const gap = this.takeGap(count);
    if (gap >= 0) return gap;
    const address = this.top;
    this.top += roundUp(count);
    return address;
  }

  /** Gives a block back; neighbouring gaps become one. */
  release(address: number, count: number): void {
    const gaps = this.#gaps;
    const next = gaps.findIndex((gap) => gap.address > address);
    const i = next < 0 ? gaps.length : next;
    gaps.splice(i, 0, { address, bytes: roundUp(count) });
    for (const k of [i, i - 1]) {
      const before = gaps[k];
      const after = gaps[k + 1];
      if (!before || !after || before.address + before.bytes !== after.address) continue;
      before.bytes += after.bytes;
      gaps.splice(k + 1, 1);
    }
  }
}
