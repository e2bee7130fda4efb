// The order of numbers. A sort by a function of two numbers would take ten times longer.

/** Numbers up to which a search among sorted numbers is quicker than passes over all values of a digit. */
const fewNumbers = 500;
const bitsOfDigit = 11;
const valuesOfDigit = 2 ** bitsOfDigit;

/** Whole numbers without sign in the order of the numbers, in halves of 32 bits, the lower one first; NaN is the largest. */
function keysOf(lane: Float64Array, isSingle: boolean, descending: boolean): Uint32Array[] {
  const n = lane.length;
  const bits = new Uint32Array((isSingle ? Float32Array.from(lane) : lane).buffer);
  const width = bits.length / n;
  const flip = descending ? 0xffffffff : 0;
  return Array.from({ length: width }, (_, w) => {
    const half = new Uint32Array(n);
    const upper = w === width - 1 ? 0x80000000 : 0;
    for (let i = 0; i < n; i++) {
      const x = lane[i];
      const part = bits[width * i + w];
      let key = x < 0 ? ~part : part | upper;
      // Zeros of both signs are equal.
      if (x === 0) key = upper;
      else if (Number.isNaN(x)) key = 0xffffffff;
      half[i] = key ^ flip;
    }
    return half;
  });
}

/** Orders positions by one digit of their keys, and keeps the order of equal digits. */
function passOver(key: Uint32Array, shift: number, order: Uint32Array): Uint32Array {
  const ends = new Uint32Array(valuesOfDigit);
  const n = key.length;
  const mask = valuesOfDigit - 1;
  for (let i = 0; i < n; i++) ends[(key[i] >>> shift) & mask]++;
  if (ends[(key[0] >>> shift) & mask] === n) return order;
  let sum = 0;
  for (let d = 0; d < valuesOfDigit; d++) {
    const count = ends[d];
    ends[d] = sum;
    sum += count;
  }
  const next = new Uint32Array(n);
  for (let k = 0; k < n; k++) {
    const i = order[k];
    next[ends[(key[i] >>> shift) & mask]++] = i;
  }
  return next;
}

function orderByDigits(halves: readonly Uint32Array[]): Uint32Array {
  let order: Uint32Array = Uint32Array.from(halves[0].keys());
  for (const half of halves)
    for (let shift = 0; shift < 32; shift += bitsOfDigit) order = passOver(half, shift, order);
  return order;
}

/** The order of few numbers: each is searched among the sorted ones. */
function orderBySearch(lane: Float64Array, descending: boolean): Uint32Array {
  const n = lane.length;
  const order = new Uint32Array(n);
  const sorted = lane.slice().sort();
  const taken = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    const k = descending ? n - 1 - i : i;
    const x = lane[k];
    let low = 0;
    for (let high = n; low < high; ) {
      const middle = (low + high) >>> 1;
      const isBelow = sorted[middle] < x || (Number.isNaN(x) && !Number.isNaN(sorted[middle]));
      if (isBelow) low = middle + 1;
      else high = middle;
    }
    const place = low + taken[low]++;
    order[descending ? n - 1 - place : place] = k;
  }
  return order;
}

/**
 * The positions 0 to n − 1 of a lane by its numbers, `isSingle` if all are float32. NaN counts as the largest; equal numbers keep their
 * order.
 */
export const orderOf = (lane: Float64Array, isSingle: boolean, descending: boolean): Uint32Array =>
  lane.length <= fewNumbers
    ? orderBySearch(lane, descending)
    : orderByDigits(keysOf(lane, isSingle, descending));
