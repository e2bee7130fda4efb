// The generator of libtorch on processors: MT19937 (Matsumoto and Nishimura 1998), with its form of a saved state.
import { fail } from "../errors.js";

const size = 624;
const shift = 397;

/** Bytes of a saved state; see CPUGeneratorImpl.cpp. */
const stateBytes = 5056;
const places = { seed: 0, left: 8, seeded: 12, next: 16, words: 24, normal: 5024, isNormal: 5040 };

/** A stream of random numbers. */
export class Mersenne {
  #words = new Uint32Array(size);
  #left = 1;
  #next = 0;
  #seed = 0n;
  /** A normal number that waits, since they come in pairs. */
  #normal: number | null = null;

  constructor(seed: bigint) {
    this.seed(seed);
  }

  /** Restarts the stream. */
  seed(seed: bigint): void {
    this.#seed = BigInt.asUintN(64, seed);
    const words = this.#words;
    words[0] = Number(this.#seed & 0xffffffffn);
    for (let i = 1; i < size; i++) {
      const last = words[i - 1] ^ (words[i - 1] >>> 30);
      words[i] = Math.imul(1812433253, last) + i;
    }
    this.#left = 1;
    this.#next = 0;
    this.#normal = null;
  }

  #turn(): void {
    const words = this.#words;
    const turnOne = (i: number, next: number, far: number) => {
      const y = (words[i] & 0x80000000) | (words[next] & 0x7fffffff);
      words[i] = words[far] ^ (y >>> 1) ^ (-(y & 1) & 0x9908b0df);
    };
    for (let i = 0; i < size - shift; i++) turnOne(i, i + 1, i + shift);
    for (let i = size - shift; i < size - 1; i++) turnOne(i, i + 1, i + shift - size);
    turnOne(size - 1, 0, shift - 1);
    this.#left = size;
    this.#next = 0;
  }

  /** 32 random bits. */
  next32(): number {
    if (--this.#left === 0) this.#turn();
    let y = this.#words[this.#next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** 64 random bits as their upper and lower halves. */
  next64(): [upper: number, lower: number] {
    return [this.next32(), this.next32()];
  }

  /** A float32 number in [0, 1). */
  uniform32(): number {
    return (this.next32() & 0xffffff) * 2 ** -24;
  }

  /** A float64 number in [0, 1). */
  uniform64(): number {
    const [upper, lower] = this.next64();
    return ((upper & 0x1fffff) * 2 ** 32 + lower) * 2 ** -53;
  }

  /** A standard normal number, by Box and Muller's formula. */
  normal(): number {
    if (this.#normal !== null) {
      const waiting = this.#normal;
      this.#normal = null;
      return waiting;
    }
    const turn = 2 * Math.PI * this.uniform64();
    const radius = Math.sqrt(-2 * Math.log1p(-this.uniform64()));
    this.#normal = radius * Math.sin(turn);
    return radius * Math.cos(turn);
  }

  /** The position in the stream, in libtorch's form. */
  get state(): Uint8Array {
    const bytes = new Uint8Array(stateBytes);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(places.seed, this.#seed, true);
    view.setInt32(places.left, this.#left, true);
    view.setInt32(places.seeded, 1, true);
    view.setBigUint64(places.next, BigInt(this.#next), true);
    this.#words.forEach((word, i) => {
      view.setBigUint64(places.words + 8 * i, BigInt(word), true);
    });
    view.setFloat64(places.normal, this.#normal ?? 0, true);
    view.setInt32(places.isNormal, Number(this.#normal !== null), true);
    return bytes;
  }

  /** @throws {TorchError} `ERR_TORCH` for bytes that are no state. */
  set state(bytes: Uint8Array) {
    if (bytes.length !== stateBytes)
      fail("ERR_TORCH", `RNG state is wrong size: ${bytes.length} bytes; expected ${stateBytes}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const left = view.getInt32(places.left, true);
    const next = view.getBigUint64(places.next, true);
    const isSeeded = view.getInt32(places.seeded, true) === 1;
    if (!isSeeded || left < 1 || left > size || next > BigInt(size))
      fail("ERR_TORCH", "Invalid mt19937 state");
    this.#seed = view.getBigUint64(places.seed, true);
    this.#left = left;
    this.#next = Number(next);
    this.#words = Uint32Array.from({ length: size }, (_, i) =>
      view.getUint32(places.words + 8 * i, true),
    );
    const isNormal = view.getInt32(places.isNormal, true) !== 0;
    this.#normal = isNormal ? view.getFloat64(places.normal, true) : null;
  }
}
