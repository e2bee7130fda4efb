// Booleans of HDF5 in anndata's form: an enumeration of one byte. h5wasm cannot make this type, so
// it makes a record of one byte, and an equally long description replaces the record's in the
// closed file.
import { fstatSync, readSync, writeSync } from "node:fs";

/** The record's member, named in its description. */
export const booleanMarker = "dsbm-boolean-17";

const before = 8;

/** HDF5's file format, IV.A.2.d, version 1: class 8 with two members of one signed byte. */
const description = Buffer.alloc(68);
description.set([0x18, 2, 0, 0, 1, 0, 0, 0, 0x10, 8, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0]);
description.write("FALSE", 20);
description.write("TRUE", 28);
description.set([0, 1], 36);

const marker = Buffer.from(`${booleanMarker}\0`);
const part = 2 ** 22;

/** Replaces `count` descriptions, expected from byte `from` on. */
export function writeBooleanTypes(
  file: number,
  { count, from }: { count: number; from: number },
): void {
  const { size } = fstatSync(file);
  let left = count;
  // New objects may fill gaps of the old file.
  for (const start of from > 0 ? [from, 0] : [0])
    for (let at = start; at < size && left > 0; at += part) {
      const bytes = Buffer.alloc(Math.min(part + marker.length, size - at));
      readSync(file, bytes, 0, bytes.length, at);
      for (let i = bytes.indexOf(marker); i >= 0; i = bytes.indexOf(marker, i + 1)) {
        if (i >= part) break;
        writeSync(file, description, 0, description.length, at + i - before);
        left -= 1;
      }
    }
  if (left > 0) throw new Error(`${left} of ${count} booleans were not found in the written file`);
}
