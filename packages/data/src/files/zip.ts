// The directory of a .zip archive, so that one member is read without the others (APPNOTE 6.3, with zip64, which NumPy
// writes). Members are stored or deflated.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { DatasetError } from "../errors.js";

export interface ZipEntry {
  name: string;
  /** Length in the archive, in bytes. */
  packed: number;
  packing: "deflate" | undefined;
  range: { start: number; end: number };
  /** Of its content. */
  crc: number;
}

/** The members of an archive. Throws `BadZip`. */
export function zipEntries(path: string): ZipEntry[] {
  const handle = openSync(path, "r");
  try {
    const size = fstatSync(handle).size;
    const read = (start: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      if (start < 0 || start + length > size || readSync(handle, bytes, 0, length, start) < length)
        throw damaged(path, "its directory points beyond its end");
      return bytes;
    };
    const { offset, length, count } = directoryOf(path, size, read);
    if (length > 2 ** 28) throw damaged(path, `its directory claims ${length} bytes`);
    const directory = read(offset, length);
    const entries: ZipEntry[] = [];
    let at = 0;
    for (let i = 0; i < count; i++) {
      if (at + 46 > length || directory.readUInt32LE(at) !== 0x02014b50)
        throw damaged(path, "its directory is damaged");
      const nameLength = directory.readUInt16LE(at + 28);
      const extraLength = directory.readUInt16LE(at + 30);
      const name = directory.toString("utf8", at + 46, at + 46 + nameLength);
      const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
      const [, packed, local] = zip64(extra, [
        directory.readUInt32LE(at + 24),
        directory.readUInt32LE(at + 20),
        directory.readUInt32LE(at + 42),
      ]) as [number, number, number];
      const method = directory.readUInt16LE(at + 10);
      if ((directory.readUInt16LE(at + 8) & 1) === 1) throw damaged(path, `${name} is encrypted`);
      if (method !== 0 && method !== 8)
        throw damaged(path, `${name} is packed by method ${method}, expected stored or deflated`);
      const head = read(local, 30);
      const start = local + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
      if (start + packed > size) throw damaged(path, `${name} ends beyond the end of the file`);
      entries.push({
        name,
        packed,
        packing: method === 8 ? "deflate" : undefined,
        range: { start, end: start + packed - 1 },
        crc: directory.readUInt32LE(at + 16),
      });
      at += 46 + nameLength + extraLength + directory.readUInt16LE(at + 32);
    }
    return entries;
  } finally {
    closeSync(handle);
  }
}

/** Where the directory lies, from the record at the end of the archive. */
function directoryOf(path: string, size: number, read: (start: number, length: number) => Buffer) {
  const length = Math.min(size, 22 + 0xffff);
  const tail = read(size - length, length);
  const at = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (at < 0 || at + 22 > length) throw damaged(path, "it has no directory at its end");
  const small = {
    count: tail.readUInt16LE(at + 10),
    length: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  };
  if (small.offset !== 0xffffffff && small.count !== 0xffff && small.length !== 0xffffffff)
    return small;
  const locator = read(size - length + at - 20, 20);
  if (locator.readUInt32LE(0) !== 0x07064b50) return small;
  const record = read(Number(locator.readBigUInt64LE(8)), 56);
  if (record.readUInt32LE(0) !== 0x06064b50) throw damaged(path, "its zip64 directory is damaged");
  return {
    count: Number(record.readBigUInt64LE(32)),
    length: Number(record.readBigUInt64LE(40)),
    offset: Number(record.readBigUInt64LE(48)),
  };
}

/** Numbers of a directory entry, those that do not fit into 32 bits from its zip64 field, where they stand in this order. */
function zip64(extra: Buffer, values: readonly number[]): number[] {
  let field: Buffer | null = null;
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2))
    if (extra.readUInt16LE(at) === 1)
      field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
  let next = 0;
  return values.map((value) => {
    if (value !== 0xffffffff || !field || next + 8 > field.length) return value;
    next += 8;
    return Number(field.readBigUInt64LE(next - 8));
  });
}

const damaged = (path: string, problem: string) =>
  new DatasetError(
    "BadZip",
    `${path}: no .zip archive that can be read (${problem}): copy or write it again`,
  );
