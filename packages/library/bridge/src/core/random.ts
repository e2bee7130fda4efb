// Streams of random numbers by purpose: each is a function of the run's seed and its name alone, so that a
// resumed run draws what an uninterrupted one would have drawn.
import { type Device, Generator, type Tensor } from "@dsbm/torch";

/** 32 bits from a text (FNV-1a, then murmur's finaliser). */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The stream of a purpose, for example `stream(seed, "train/3")`. */
export function stream(seed: number, purpose: string, device: Device = "cpu"): Generator {
  return Generator.create(hash32(`${seed}/${purpose}`), device);
}

/**
 * Random numbers for rows: `draw(n)` gives those of n rows [n, …], the result has those of the present rows.
 * For a part of a batch they are drawn for all its rows, so that they do not depend on how it is shared.
 */
export type DrawRows = (rows: number, draw: (n: number) => Tensor) => Tensor;

/** All rows are present. */
export const drawAll: DrawRows = (rows, draw) => draw(rows);

/** A part of `total` rows is present. */
export function drawPart(
  { start, count }: { start: number; count: number },
  total: number,
): DrawRows {
  return (_, draw) => draw(total).narrow(0, start, count);
}
