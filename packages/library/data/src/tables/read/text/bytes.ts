// The bytes of a text file, unpacked and checked.
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { badTable, DatasetError, reason } from "../../../errors.js";
import { checkUnpacked, type UnpackLimits } from "../../../files/archive.js";
import type { TextPlace } from "../../row-source.js";

/** A file of text, of `size` bytes on the disk. */
export interface TextFile {
  path: string;
  size: number;
  /** Bounds on the unpacked size. */
  limits?: UnpackLimits | undefined;
  /** The line to begin with (default: the first one). */
  from?: TextPlace | undefined;
}

const partBytes = 2 ** 18;

/** A file without line ends is no table, and a parser would keep all of a line. */
export const longestLine = 2 ** 23;

/** The error for a line, or a quoted row, of more bytes than `longestLine`. */
export const endlessLine = (path: string): DatasetError =>
  badTable(
    path,
    `has a line of more than ${longestLine} bytes: expected a table of text, a row a line`,
  );

/**
 * The bytes of a file of text, unpacked by its ending .gz.
 * @throws {DatasetError} `BadTable` at other text than UTF-8, at zero bytes and at an endless line, `Unreadable`, and
 * `BadGzip` for damage and for too much.
 */
export async function* readText(file: TextFile): AsyncGenerator<Buffer> {
  const { path } = file;
  let lines = file.from?.line ?? 1;
  let lineBytes = 0;
  let cut: Buffer = Buffer.alloc(0);
  for await (const part of unpackedParts(file)) {
    const last = Math.max(part.lastIndexOf(0x0a), part.lastIndexOf(0x0d));
    const firstEnd = last < 0 ? part.length : firstLineEnd(part);
    if (lineBytes + firstEnd > longestLine) throw endlessLine(path);
    lineBytes = last < 0 ? lineBytes + part.length : part.length - last - 1;
    if (part.includes(0))
      throw badTable(
        path,
        "holds zero bytes: expected text; give the file the ending of its format",
      );
    const whole = Buffer.concat([cut, part]);
    const length = completeLength(whole);
    if (!isUtf8(whole.subarray(0, length))) throw notUtf8(path, lines + badLine(whole));
    cut = whole.subarray(length);
    lines += lineEnds(part);
    yield part;
  }
  if (cut.length > 0) throw notUtf8(path, lines);
}

const notUtf8 = (path: string, line: number): DatasetError =>
  badTable(path, `line ${line}: its text is not UTF-8: save it as “CSV UTF-8”`);

function firstLineEnd(part: Buffer): number {
  const ends = [part.indexOf(0x0a), part.indexOf(0x0d)].filter((at) => at >= 0);
  return Math.min(...ends);
}

/** The number of line feeds. */
export function lineEnds(part: Buffer): number {
  let count = 0;
  for (let at = part.indexOf(0x0a); at >= 0; at = part.indexOf(0x0a, at + 1)) count++;
  return count;
}

/** The line ends before the first line of another encoding. */
function badLine(part: Buffer): number {
  let count = 0;
  let from = 0;
  for (let at = part.indexOf(0x0a); at >= 0; at = part.indexOf(0x0a, from)) {
    if (!isUtf8(part.subarray(from, at))) return count;
    count += 1;
    from = at + 1;
  }
  return count;
}

/** The length without a letter that is cut at the end. */
function completeLength(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) break;
    // A first byte says how many follow.
    if (byte >= 0xc0)
      return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

async function* unpackedParts({ path, size, limits, from }: TextFile): AsyncGenerator<Buffer> {
  if (size === 0) return;
  const isPacked = /\.gz$/i.test(path);
  const start = from?.byte ?? 0;
  const file = createReadStream(path, { highWaterMark: partBytes, ...(!isPacked && { start }) });
  const parts = isPacked ? pipeline(file, createGunzip({ chunkSize: partBytes }), () => {}) : file;
  const cure = "unpack it with gunzip and give the unpacked file";
  let total = 0;
  try {
    for await (const bytes of parts) {
      total += (bytes as Buffer).length;
      if (isPacked) checkUnpacked(path, total, "BadGzip", { size, limits, cure });
      // A packed file has no places to begin with.
      const passed = isPacked ? Math.max(start - total + (bytes as Buffer).length, 0) : 0;
      if (passed < (bytes as Buffer).length) yield (bytes as Buffer).subarray(passed);
    }
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    const isSystem = (error as NodeJS.ErrnoException).syscall !== undefined;
    throw isSystem
      ? new DatasetError("Unreadable", `${path}: ${reason(error)}`)
      : new DatasetError(
          "BadGzip",
          `${path}: cannot be unpacked (${reason(error)}): copy or download it again`,
        );
  }
}
