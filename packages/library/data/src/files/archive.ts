// Unpacks files and archives within limits: a few kilobytes can unpack to more than any disk holds.
import { gunzipSync } from "node:zlib";
import { ZipReader } from "@dsbm/torch/archive";
import { type DatasetCode, DatasetError, reason } from "../errors.js";
import { readBytes } from "./read.js";

/**
 * Limits of the unpacked bytes, absolute and relative to the packed size. A file beyond both is
 * refused.
 */
export interface UnpackLimits {
  bytes: number;
  times: number;
}

const defaultLimits: UnpackLimits = { bytes: 2 ** 30, times: 500 };

/** @throws {DatasetError} of the code if a file of `size` bytes unpacks to `total`, beyond the limits. */
export function checkUnpacked(
  path: string,
  total: number,
  code: DatasetCode,
  {
    size,
    limits = defaultLimits,
    cure,
  }: { size: number; limits?: UnpackLimits | undefined; cure: string },
): void {
  if (total <= limits.bytes || total <= limits.times * size) return;
  throw new DatasetError(
    code,
    `${path}: ${size} bytes unpack to more than ${total}, ${Math.floor(total / size)} times as many: expected less than ${limits.times} times, anything more looks like a decompression bomb; ${cure}`,
  );
}

const mostUnpackedBytes = 2 ** 31;

/**
 * The bytes of a file, unpacked if they are gzipped.
 * @throws {DatasetError} `Unreadable` and `BadGzip`.
 */
export function unpack(source: string): Uint8Array {
  const bytes = readBytes(source);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return unpacking("BadGzip", { source, size: bytes.length }, () =>
    gunzipSync(bytes, { maxOutputLength: mostUnpackedBytes }),
  );
}

/**
 * Reads a .zip archive.
 * @throws {DatasetError} `Unreadable`, and `BadZip` for damage and for members beyond the limits.
 */
export function openZip(path: string, limits?: UnpackLimits) {
  const bytes = readBytes(path);
  const size = bytes.length;
  const of = { source: path, size };
  const zip = unpacking("BadZip", of, () => new ZipReader(bytes, path, Number.POSITIVE_INFINITY));
  return {
    names: zip.names,
    read(name: string): Uint8Array | undefined {
      if (!zip.has(name)) return undefined;
      const cure = "unpack it and give the unpacked file";
      checkUnpacked(path, zip.size(name), "BadZip", { size, limits, cure });
      return unpacking("BadZip", of, () => zip.read(name));
    },
  };
}

function unpacking<T>(
  code: DatasetCode,
  { source, size }: { source: string; size: number },
  operation: () => T,
): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(
      code,
      `${source}: ${size} bytes that cannot be unpacked (${reason(error).replace(`${source}: `, "")}): copy or download it again`,
    );
  }
}
