// The bytes of a file as they come, unpacked where they are packed, within limits: a few kilobytes can unpack to more
// than any disk holds.
import { createReadStream } from "node:fs";
import { createGunzip, createInflateRaw } from "node:zlib";
import { io } from "@dsbm/torch";
import { type DatasetCode, DatasetError, reason } from "../../errors.js";
import type { ReadOptions } from "../rows.js";

/** Tables of zeros pack to a five-hundredth; deflate's own limit is a thousandth. */
const usual = { bytes: 2 ** 30, times: 500 };

export interface Packing {
  packing?: "gzip" | "deflate" | undefined;
  /** The part of the file, both ends included; default all. */
  range?: { start: number; end: number } | undefined;
  /** Its length in bytes. */
  size: number;
  /** The CRC-32 of all bytes, of a member of an archive. */
  crc?: number;
  limits?: ReadOptions["limits"];
  /** What to do where it unpacks to too much. */
  otherwise: string;
}

/**
 * Refuses a file of `size` bytes that unpacks to `total`, beyond `limits.bytes` and `limits.times` its length. Throws a
 * `DatasetError` of the code.
 */
export function checkUnpacked(
  path: string,
  total: number,
  code: DatasetCode,
  { size, limits = usual, otherwise }: Pick<Packing, "size" | "limits" | "otherwise">,
): void {
  if (total <= limits.bytes || total <= limits.times * size) return;
  throw new DatasetError(
    code,
    `${path}: ${size} bytes unpack to more than ${total}, ${Math.floor(total / size)} times as many: expected less than ${limits.times} times, anything more looks like a decompression bomb; ${otherwise}`,
  );
}

/** Throws `BadGzip` or `BadZip` for damage and for too much, `Unreadable`. */
export async function* bytesOf(
  path: string,
  { packing, range, size, crc, limits, otherwise }: Packing,
): AsyncGenerator<Buffer> {
  if (size === 0) return;
  const file = createReadStream(path, { highWaterMark: 2 ** 18, ...range });
  const create = packing === "gzip" ? createGunzip : createInflateRaw;
  const unpacking = packing === undefined ? null : create({ chunkSize: 2 ** 18 });
  const code: DatasetCode = packing === "gzip" ? "BadGzip" : "BadZip";
  if (unpacking) {
    file.on("error", (error) => unpacking.destroy(error));
    file.pipe(unpacking);
  }
  let total = 0;
  let found = 0;
  try {
    for await (const part of unpacking ?? file) {
      total += (part as Buffer).length;
      if (unpacking) checkUnpacked(path, total, code, { size, limits, otherwise });
      if (crc !== undefined) found = io.crc32(part as Buffer, found);
      yield part as Buffer;
    }
    if (crc !== undefined && found !== crc)
      throw new DatasetError(
        code,
        `${path}: is damaged (a member's CRC-32 is ${found.toString(16)}, expected ${crc.toString(16)}): copy or write it again`,
      );
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    const system = (error as NodeJS.ErrnoException).syscall !== undefined;
    throw system
      ? new DatasetError("Unreadable", `${path}: ${reason(error)}`)
      : new DatasetError(
          code,
          `${path}: cannot be unpacked (${reason(error)}): copy or download it again`,
        );
  } finally {
    file.destroy();
    unpacking?.destroy();
  }
}

/** Takes bytes from a stream by number. */
export class ByteReader {
  readonly #stream: AsyncIterator<Buffer>;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(stream: AsyncIterable<Buffer>) {
    this.#stream = stream[Symbol.asyncIterator]();
  }

  /** The next `n` bytes, or those that are left; with `peek` they stay. */
  async take(n: number, { peek = false }: { peek?: boolean } = {}): Promise<Buffer> {
    while (this.#length < n) {
      const next = await this.#stream.next();
      if (next.done) break;
      this.#parts.push(next.value);
      this.#length += next.value.length;
    }
    const all = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    if (peek) {
      this.#parts = [all];
      return all.subarray(0, n);
    }
    const left = all.subarray(n);
    this.#parts = left.length > 0 ? [left] : [];
    this.#length = left.length;
    return all.subarray(0, n);
  }

  async close(): Promise<void> {
    await this.#stream.return?.(undefined);
  }
}
