// Random streams by purpose: functions of the run's seed and a name, so that a resumed run draws the same numbers.
import { type Device, Generator } from "@dsbm/torch";

/** 32 bits of a text (FNV-1a, then murmur's finaliser). */
export function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The stream of a purpose, such as `stream(seed, "train/3")`. */
export function stream(seed: number, purpose: string, device: Device = "cpu"): Generator {
  return Generator.create(hash32(`${seed}/${purpose}`), device);
}
