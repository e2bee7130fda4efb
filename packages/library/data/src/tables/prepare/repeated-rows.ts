// Held-out rows that equal training rows: a network has seen them, and metrics look better than they are.

/** Further rows are not compared. */
const mostRows = 1_000_000;

/** How many of the first held-out rows equal a training row. */
export interface RepeatedRows {
  heldOut: number;
  repeated: number;
}

/** Equal rows, and their share, that are no chance: one pair of hashes may be equal. */
const leastCopies = 3;
const leastShareOfCopies = 0.01;

/** Whether so many rows are equal by copying; rows of whole numbers may agree by chance. */
export const areCopies = ({ heldOut, repeated }: RepeatedRows): boolean =>
  repeated >= Math.max(leastCopies, leastShareOfCopies * heldOut);

/** Compares the rows of a table [n, d] by hashes of 32 bits, 4 bytes a row. */
export class RowHashes {
  readonly #isHeld: Uint8Array;
  readonly #hashes: Uint32Array;
  readonly #row: Float32Array;
  readonly #bits: Uint32Array;
  #n = 0;

  /** @param isHeld 1 for held-out rows */
  constructor(isHeld: Uint8Array, d: number) {
    this.#isHeld = isHeld;
    this.#hashes = new Uint32Array(Math.min(isHeld.length, mostRows));
    this.#row = new Float32Array(d);
    this.#bits = new Uint32Array(this.#row.buffer);
  }

  /** Adds the next rows [count, d]. */
  add(block: Float32Array | Float64Array): void {
    const d = this.#row.length;
    for (let i = 0; i < block.length && this.#n < this.#hashes.length; i += d) {
      // A negative zero is a zero.
      for (let k = 0; k < d; k++) this.#row[k] = block[i + k] + 0;
      this.#hashes[this.#n++] = hashOf(this.#bits);
    }
  }

  /** Counts equal rows on both sides of the split. */
  count(): RepeatedRows {
    const trained = new Set<number>();
    for (let i = 0; i < this.#n; i++) if (this.#isHeld[i] === 0) trained.add(this.#hashes[i]);
    let heldOut = 0;
    let repeated = 0;
    for (let i = 0; i < this.#n; i++) {
      if (this.#isHeld[i] === 0) continue;
      heldOut += 1;
      if (trained.has(this.#hashes[i])) repeated += 1;
    }
    return { heldOut, repeated };
  }
}

/** MurmurHash3 of integers, 32 bits. */
function hashOf(words: Uint32Array): number {
  let h = 0;
  for (const word of words) {
    let k = Math.imul(word, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h ^= k;
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
