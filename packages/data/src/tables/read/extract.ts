// An array of a .npz file as a .npy file of its own, whose rows can then be read in any order.
import { openSink } from "../write/sink.js";
import { bytesOf } from "./bytes.js";
import { npzArray } from "./npz.js";

/** Writes the array of a .npz file to `target`. Throws as `openRows` does for .npz, and the system's errors. */
export async function extractArray(
  path: string,
  target: string,
  { key }: { key?: string | undefined } = {},
): Promise<void> {
  const { packing, range, packed, crc } = npzArray(path, key);
  const sink = openSink(target);
  try {
    const otherwise = "unpack it and give the .npy file";
    for await (const part of bytesOf(path, { packing, range, crc, size: packed, otherwise }))
      await sink.write(part);
  } finally {
    sink.abandon();
  }
}
