// Noise as a function of the seed and a sample's place in the input: a stream for each block of rows, as the native sampler
// draws it (packages/train/src/sampler/row-noise.ts).
import { normalStream } from "./normal.js";

/** 32 bits from a text (FNV-1a, then murmur's finaliser). */
function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Rows [first, first + n) of an input, in blocks of `block` rows of `size` numbers. */
export interface NoiseRange {
  first: number;
  n: number;
  block: number;
  size: number;
}

/** Draws for these rows, one after the other: [n · size] float32. `purpose` is the direction. */
export function rowNoise(
  { first, n, block, size }: NoiseRange,
  { seed, purpose }: { seed: number; purpose: string },
): () => Float32Array {
  const base = hash32(`${seed}/sample/${purpose}`);
  const streams: { draw: (n: number) => Float32Array; skip: number; rows: number; at: number }[] =
    [];
  for (let at = 0; at < n; ) {
    const index = Math.floor((first + at) / block);
    const skip = first + at - index * block;
    const rows = Math.min(block - skip, n - at);
    streams.push({ draw: normalStream((base + index) % 2 ** 32), skip, rows, at });
    at += rows;
  }
  return () => {
    const z = new Float32Array(n * size);
    // Blocks are drawn whole, so that a row's noise does not depend on the rows beside it.
    for (const { draw, skip, rows, at } of streams)
      z.set(draw(block * size).subarray(skip * size, (skip + rows) * size), at * size);
    return z;
  };
}
