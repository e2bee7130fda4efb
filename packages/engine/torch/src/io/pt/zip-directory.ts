// Where the records of a zip archive lie. The directory at the archive's end is checked against the
// file: sizes, positions and names are verified before anything is read.
import { FormatError } from "../errors.js";
import { type ByteSource, textOf, viewOf } from "./source.js";

/** A record, as the directory describes it. */
export interface ZipRecord {
  name: string;
  /** 0: stored, 8: deflated. */
  method: number;
  flags: number;
  crc: number;
  /** Bytes in the file, and unpacked. */
  packed: number;
  size: number;
  /** Where its local header begins, and where the next record (or the directory) begins. */
  offset: number;
  end: number;
}

interface Directory {
  count: number;
  offset: number;
  length: number;
}

const signature = { record: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator: 0x07064b50 };
const recordLength = 46;
const endLength = 22;
const locatorLength = 20;
const end64Length = 56;

/**
 * The records of an archive by name, in the order of the directory; folders are left out.
 *
 * Throws `IncompleteFile` (no end of the directory), `InvalidHeader`, `InvalidOffset` (records that
 * overlap), `DuplicateName`, `InvalidValue` (names that lead out of the archive, encrypted records),
 * `OutOfRange` (more than `maxRecords`).
 */
export function readDirectory(source: ByteSource, maxRecords: number): Map<string, ZipRecord> {
  const refuse = (problem: string) => new FormatError("InvalidHeader", source.path, problem);
  const { count, offset, length } = findDirectory(source);
  if (count > maxRecords) {
    throw new FormatError(
      "OutOfRange",
      source.path,
      `${count} records: expected at most ${maxRecords}; raise limits.maxRecords if you trust the file`,
    );
  }
  if (length < count * recordLength) {
    throw refuse(`a directory of ${length} bytes cannot hold ${count} records`);
  }
  const bytes = source.read(offset, length);
  const records = new Map<string, ZipRecord>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    const { record, span } = readRecord(bytes.subarray(at), source.path);
    at += span;
    checkName(record.name, source.path);
    if (records.has(record.name)) {
      throw new FormatError(
        "DuplicateName",
        source.path,
        `holds the record ${record.name} twice: expected every name once`,
      );
    }
    records.set(record.name, record);
  }
  if (at !== length) throw refuse(`its directory has ${length - at} bytes after the last record`);
  setEnds([...records.values()], offset, source.path);
  for (const [name, { size }] of records)
    if (name.endsWith("/") && size === 0) records.delete(name);
  return records;
}

/** Reads the end of the archive, and its 64-bit twin where there is one. */
function findDirectory(source: ByteSource): Directory {
  const tail = Math.min(source.length, endLength + 0xffff + locatorLength);
  const start = source.length - tail;
  const view = viewOf(source.read(start, tail));
  let end = tail - endLength;
  const isEnd = (at: number) =>
    view.getUint32(at, true) === signature.end &&
    at + endLength + view.getUint16(at + 20, true) === tail;
  while (end >= 0 && !isEnd(end)) end--;
  if (end < 0) {
    throw new FormatError(
      "IncompleteFile",
      source.path,
      "a zip archive without its end: it was cut short, or bytes follow it; copy or write it again",
    );
  }
  const short = {
    count: view.getUint16(end + 10, true),
    length: view.getUint32(end + 12, true),
    offset: view.getUint32(end + 16, true),
  };
  const disks = view.getUint16(end + 4, true) + view.getUint16(end + 6, true);
  const whole = view.getUint16(end + 8, true) === short.count && disks === 0;
  const at = end - locatorLength;
  const wide = at >= 0 && view.getUint32(at, true) === signature.locator;
  const place = wide ? bigNumber(view, at + 8, source.path) : start + end;
  const found = wide ? wideDirectory(source, place) : short;
  const agrees = (key: keyof Directory, none: number) =>
    short[key] === found[key] || short[key] === none;
  if (
    !whole ||
    !(agrees("count", 0xffff) && agrees("length", 0xffffffff) && agrees("offset", 0xffffffff)) ||
    found.offset + found.length !== place ||
    place > start + end
  ) {
    throw new FormatError(
      "InvalidHeader",
      source.path,
      `its end gives ${found.count} records in ${found.length} bytes from ${found.offset} on: expected them, in one ` +
        `file, right before ${place}; the file is damaged, copy or write it again`,
    );
  }
  return found;
}

function wideDirectory(source: ByteSource, place: number): Directory {
  const view = viewOf(source.read(place, end64Length));
  if (view.getUint32(0, true) !== signature.end64) {
    throw new FormatError("InvalidHeader", source.path, `no 64-bit end of the archive at ${place}`);
  }
  return {
    count: bigNumber(view, 32, source.path),
    length: bigNumber(view, 40, source.path),
    offset: bigNumber(view, 48, source.path),
  };
}

/** One record of the directory, and how many of these bytes it takes. */
function readRecord(bytes: Uint8Array, source: string): { record: ZipRecord; span: number } {
  const view = viewOf(bytes);
  if (bytes.length < recordLength || view.getUint32(0, true) !== signature.record) {
    throw new FormatError("InvalidHeader", source, "its directory is damaged: copy it again");
  }
  const nameEnd = recordLength + view.getUint16(28, true);
  const extraEnd = nameEnd + view.getUint16(30, true);
  const span = extraEnd + view.getUint16(32, true);
  if (span > bytes.length) {
    throw new FormatError("InvalidHeader", source, "a record of its directory is cut short");
  }
  const name = bytes.subarray(recordLength, nameEnd);
  const record: ZipRecord = {
    name: textOf(name, "InvalidHeader", source, "a record's name is no UTF-8"),
    flags: view.getUint16(8, true),
    method: view.getUint16(10, true),
    crc: view.getUint32(16, true),
    packed: view.getUint32(20, true),
    size: view.getUint32(24, true),
    offset: view.getUint32(42, true),
    end: 0,
  };
  widen(record, bytes.subarray(nameEnd, extraEnd), source);
  // Encryption, patches and masked headers.
  if ((record.flags & 0x2061) !== 0) {
    throw new FormatError("InvalidValue", source, `the record ${record.name} is encrypted`);
  }
  if (record.method !== 0 && record.method !== 8) {
    const problem = `the record ${record.name} is packed by method ${record.method}: expected 0 (stored) or 8 (deflated)`;
    throw new FormatError("InvalidValue", source, problem);
  }
  if (record.method === 0 && record.packed !== record.size) {
    const problem = `the record ${record.name} is stored in ${record.packed} bytes: expected its size, ${record.size}`;
    throw new FormatError("SizeMismatch", source, problem);
  }
  return { record, span };
}

/** Takes the fields that need 64 bits from the extra field with the number 1. */
function widen(record: ZipRecord, extra: Uint8Array, source: string): void {
  const wide = (["size", "packed", "offset"] as const).filter((key) => record[key] === 0xffffffff);
  if (wide.length === 0) return;
  const view = viewOf(extra);
  let at = 0;
  while (at + 4 <= extra.length) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1 && end <= extra.length && end - at - 4 >= 8 * wide.length) {
      wide.forEach((key, k) => {
        record[key] = bigNumber(view, at + 4 + 8 * k, source);
      });
      return;
    }
    at = end;
  }
  throw new FormatError(
    "InvalidHeader",
    source,
    `the record ${record.name} lacks its 64-bit sizes`,
  );
}

function setEnds(records: ZipRecord[], directory: number, source: string): void {
  const sorted = records.sort((p, q) => p.offset - q.offset);
  sorted.forEach((record, k) => {
    record.end = sorted[k + 1]?.offset ?? directory;
    // The local header has 30 bytes and a name; how much more is known when it is read.
    if (record.offset + 30 + record.packed > record.end) {
      throw new FormatError(
        "InvalidOffset",
        source,
        `the record ${record.name} reaches into what follows it: expected records side by side`,
      );
    }
  });
}

function checkName(name: string, source: string): void {
  const parts = name.split("/");
  if (name !== "" && !/[\\\0]|^\/|^\w:/.test(name) && !parts.includes("..")) return;
  throw new FormatError(
    "InvalidValue",
    source,
    `a record is named ${JSON.stringify(name)}: expected a path inside the archive`,
  );
}

function bigNumber(view: DataView, at: number, source: string): number {
  const value = view.getBigUint64(at, true);
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new FormatError(
    "InvalidHeader",
    source,
    `a size of ${value} bytes: expected less than 2^53`,
  );
}
