// Reads records of a zip archive, each checked by size and checksum.

import * as zlib from "node:zlib";
import { type FormatCode, formatError, type TorchError } from "../binding/errors.js";
import { cutShort } from "./file.js";
import { plainBytes, viewOf } from "./raw.js";

interface ZipRecord {
  method: number;
  crc: number;
  packed: number;
  size: number;
  offset: number;
}

const signatures = {
  record: 0x02014b50,
  local: 0x04034b50,
  end: 0x06054b50,
  wideEnd: 0x06064b50,
  wideLocator: 0x07064b50,
};
const endLength = 22;
const locatorLength = 20;
const localLength = 30;

/** A small file that claims more bytes is damaged or hostile. */
export const unpackedLimit = (size: number): number =>
  Math.min(2 ** 36, Math.max(2 ** 24, 20 * size));

/** An archive in memory whose records are unpacked when they are asked for. */
export class ZipReader {
  readonly #bytes: Uint8Array;
  readonly #records = new Map<string, ZipRecord>();

  /**
   * @throws {TorchError} for a damaged directory, encrypted records, and records that unpack to more than `limit`
   * bytes.
   */
  constructor(
    bytes: Uint8Array,
    /** Names the bytes in errors. */
    readonly source: string,
    limit = unpackedLimit(bytes.length),
  ) {
    this.#bytes = plainBytes(bytes);
    try {
      this.#readDirectory();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw this.#refuse("InvalidHeader", "its directory is damaged: copy it again");
    }
    const total = [...this.#records.values()].reduce((sum, { size }) => sum + size, 0);
    if (total > limit)
      throw this.#refuse(
        "OutOfRange",
        `its records would take ${total} bytes: expected at most ${limit} for a file of this size`,
      );
  }

  /** Names of all records. */
  get names(): string[] {
    return [...this.#records.keys()];
  }

  /** Whether a record exists. */
  has(name: string): boolean {
    return this.#records.has(name);
  }

  /**
   * The size of a record, unpacked.
   * @throws {TorchError} `UnknownName`
   */
  size(name: string): number {
    return this.#record(name).size;
  }

  /**
   * The bytes of a record, unpacked and compared with their checksum.
   * @throws {TorchError}
   */
  read(name: string): Uint8Array {
    const { method, crc, packed, size, offset } = this.#record(name);
    const local = viewOf(this.#at(offset, localLength));
    if (local.getUint32(0, true) !== signatures.local)
      throw this.#refuse("InvalidHeader", `the record ${name} has no header: copy it again`);
    const start = offset + localLength + local.getUint16(26, true) + local.getUint16(28, true);
    const stored = this.#at(start, packed);
    const bytes = method === 0 ? stored : this.#inflate(name, stored, size);
    if (bytes.length !== size)
      throw this.#refuse(
        "SizeMismatch",
        `the record ${name} has ${bytes.length} bytes: expected ${size}`,
      );
    if (crc32(bytes) === crc) return bytes;
    throw this.#refuse("InvalidValue", `the record ${name} has another checksum: copy it again`);
  }

  #readDirectory(): void {
    const { count, offset, end } = this.#findDirectory();
    const bytes = this.#at(offset, end - offset);
    const view = viewOf(bytes);
    let at = 0;
    for (let i = 0; i < count; i++) {
      if (view.getUint32(at, true) !== signatures.record) throw new RangeError();
      const nameEnd = at + 46 + view.getUint16(at + 28, true);
      const extraEnd = nameEnd + view.getUint16(at + 30, true);
      const name = new TextDecoder().decode(bytes.subarray(at + 46, nameEnd));
      const record: ZipRecord = {
        method: view.getUint16(at + 10, true),
        crc: view.getUint32(at + 16, true),
        packed: view.getUint32(at + 20, true),
        size: view.getUint32(at + 24, true),
        offset: view.getUint32(at + 42, true),
      };
      widen(record, viewOf(bytes.subarray(nameEnd, extraEnd)));
      // Encryption, patches and masked headers.
      const isPlain = (view.getUint16(at + 8, true) & 0x2061) === 0;
      if (!isPlain || ![0, 8].includes(record.method))
        throw this.#refuse(
          "InvalidValue",
          `the record ${name} is encrypted, or packed by method ${record.method}`,
        );
      if (this.#records.has(name))
        throw this.#refuse("DuplicateName", `holds the record ${name} twice`);
      if (!name.endsWith("/")) this.#records.set(name, record);
      at = extraEnd + view.getUint16(at + 32, true);
    }
  }

  /**
   * Finds the directory by the end of the archive or its 64-bit twin.
   * @throws {RangeError}
   */
  #findDirectory(): { count: number; offset: number; end: number } {
    const length = Math.min(this.#bytes.length, endLength + 0xffff + locatorLength);
    const start = this.#bytes.length - length;
    const view = viewOf(this.#at(start, length));
    const isEnd = (at: number) =>
      view.getUint32(at, true) === signatures.end &&
      at + endLength + view.getUint16(at + 20, true) === length;
    let at = length - endLength;
    while (at >= 0 && !isEnd(at)) at--;
    if (at < 0)
      throw this.#refuse(
        "IncompleteFile",
        "a zip archive without its end: it was cut short, or bytes follow it; copy or write it again",
      );
    const locator = at - locatorLength;
    if (locator < 0 || view.getUint32(locator, true) !== signatures.wideLocator)
      return {
        count: view.getUint16(at + 10, true),
        offset: view.getUint32(at + 16, true),
        end: start + at,
      };
    const end = wideNumber(view, locator + 8);
    const wide = viewOf(this.#at(end, 56));
    if (wide.getUint32(0, true) !== signatures.wideEnd) throw new RangeError();
    return { count: wideNumber(wide, 32), offset: wideNumber(wide, 48), end };
  }

  #at(position: number, length: number): Uint8Array {
    const end = position + length;
    if (end > this.#bytes.length) throw cutShort(this.source, end, this.#bytes.length);
    return this.#bytes.subarray(position, end);
  }

  #record(name: string): ZipRecord {
    const record = this.#records.get(name);
    if (record !== undefined) return record;
    throw this.#refuse("UnknownName", `has no record ${name}`);
  }

  #inflate(name: string, packed: Uint8Array, size: number): Uint8Array {
    try {
      // One chunk: several chunks would be copied into another buffer of the same size.
      const limits = { maxOutputLength: Math.max(size, 1), chunkSize: Math.max(size + 1, 64) };
      return plainBytes(zlib.inflateRawSync(packed, limits));
    } catch {
      throw this.#refuse("InvalidValue", `the record ${name} does not unpack to its ${size} bytes`);
    }
  }

  #refuse(code: FormatCode, problem: string): TorchError {
    return formatError(code, this.source, problem);
  }
}

function widen(record: ZipRecord, extra: DataView): void {
  const wide = (["size", "packed", "offset"] as const).filter((key) => record[key] === 0xffffffff);
  if (wide.length === 0) return;
  let at = 0;
  while (extra.getUint16(at, true) !== 1) at += 4 + extra.getUint16(at + 2, true);
  wide.forEach((key, k) => {
    record[key] = wideNumber(extra, at + 4 + 8 * k);
  });
}

function wideNumber(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError();
  return Number(value);
}

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32ByTable(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** CRC-32 (IEEE 802.3, reflected) of bytes, after bytes whose CRC-32 is `before`. */
export const crc32: (bytes: Uint8Array, before?: number) => number =
  typeof zlib.crc32 === "function" ? (bytes, before) => zlib.crc32(bytes, before) : crc32ByTable;
