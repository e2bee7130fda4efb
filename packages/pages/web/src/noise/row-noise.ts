import { noiseAt } from "./philox.js";

function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Draws for rows [first, first + n) of `size` numbers: [n · size] float32. `purpose` is the direction. */
export function rowNoise(
  { first, n, size }: { first: number; n: number; size: number },
  { seed, purpose }: { seed: number; purpose: string },
): () => Float32Array {
  const key = hash32(`${seed}/sample/${purpose}`);
  let stream = 0;
  return () => noiseAt(n * size, { key, stream: stream++, offset: first * size });
}
