// Reads the records of a zip archive, one at a time, checked against the directory and their checksums.
import { inflateRawSync } from "node:zlib";
import { type FormatCode, FormatError } from "../errors.js";
import { crc32 } from "./crc32.js";
import { Budget, type PtLimits } from "./limits.js";
import { type ByteSource, viewOf } from "./source.js";
import { readDirectory, type ZipRecord } from "./zip-directory.js";

const localLength = 30;
/** A Uint8Array of Node 20 holds no more. */
const recordLimit = 2 ** 32 - 1;

/** An archive whose directory is in memory and whose records are read as they are asked for. */
export class ZipReader {
  readonly #records: Map<string, ZipRecord>;

  /** Throws like `readDirectory`, and `OutOfRange` where the records would unpack to too much. */
  constructor(
    readonly source: ByteSource,
    limits: Required<PtLimits>,
  ) {
    this.#records = readDirectory(source, limits.maxRecords);
    const budget = new Budget(source.path, "its records", source.length, limits);
    for (const { size } of this.#records.values()) budget.spend(size);
  }

  get names(): string[] {
    return [...this.#records.keys()];
  }

  has(name: string): boolean {
    return this.#records.has(name);
  }

  /** The size of a record, unpacked; throws `UnknownName`. */
  size(name: string): number {
    return this.#record(name).size;
  }

  /**
   * The bytes of a record, unpacked.
   *
   * Throws `UnknownName`, `InvalidOffset`, `InvalidHeader` (its two headers disagree), `SizeMismatch`,
   * `InvalidValue` (its checksum differs, or it cannot be unpacked), `OutOfRange` (4 GiB or more).
   */
  read(name: string): Uint8Array {
    const record = this.#record(name);
    if (record.size > recordLimit || record.packed > recordLimit) {
      throw this.#refuse("OutOfRange", name, `has ${record.size} bytes: expected less than 4 GiB`);
    }
    const packed = this.source.read(this.#start(record), record.packed);
    const bytes = record.method === 0 ? packed : this.#inflate(record, packed);
    if (bytes.length !== record.size) {
      const problem = `unpacks to ${bytes.length} bytes: expected ${record.size}`;
      throw this.#refuse("SizeMismatch", name, problem);
    }
    if (crc32(bytes) !== record.crc) {
      const problem = "has another checksum than written: it is damaged, copy it again";
      throw this.#refuse("InvalidValue", name, problem);
    }
    return bytes;
  }

  #record(name: string): ZipRecord {
    const record = this.#records.get(name);
    if (record !== undefined) return record;
    throw new FormatError("UnknownName", this.source.path, `has no record ${name}`);
  }

  /** Where the bytes of a record begin, after its local header. */
  #start({ name, offset, end, method, packed, flags }: ZipRecord): number {
    const view = viewOf(this.source.read(offset, localLength));
    const start = offset + localLength + view.getUint16(26, true) + view.getUint16(28, true);
    if (start + packed > end) {
      const problem = "reaches into what follows it: expected records side by side";
      throw this.#refuse("InvalidOffset", name, problem);
    }
    const own = this.source.read(offset + localLength, view.getUint16(26, true));
    if (
      view.getUint32(0, true) !== 0x04034b50 ||
      view.getUint16(8, true) !== method ||
      Buffer.compare(own, Buffer.from(name)) !== 0 ||
      (flags & 8) !== (view.getUint16(6, true) & 8)
    ) {
      const problem = "has a header that differs from the directory: it is damaged, copy it again";
      throw this.#refuse("InvalidHeader", name, problem);
    }
    return start;
  }

  #inflate({ name, size }: ZipRecord, packed: Uint8Array): Uint8Array {
    try {
      const bytes = inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const problem = `does not unpack to its ${size} bytes: ${reason}`;
      throw this.#refuse("InvalidValue", name, problem);
    }
  }

  #refuse(code: FormatCode, name: string, problem: string): FormatError {
    return new FormatError(code, this.source.path, `the record ${name} ${problem}`);
  }
}
