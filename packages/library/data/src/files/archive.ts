// Unpacks files and archives within limits: a few kilobytes can unpack to more than any disk holds.
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { io } from "@dsbm/torch";
import { parseTar } from "nanotar";
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

/** Throws a `DatasetError` of the code if a file of `size` bytes unpacks to `total`, beyond the limits. */
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

const largest = 2 ** 31;

/** Gzipped bytes unpacked, others unchanged; `source` names them in errors. Throws `BadGzip`. */
export function unpack(bytes: Uint8Array, source: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return unpacking("BadGzip", { source, size: bytes.length }, () =>
    gunzipSync(bytes, { maxOutputLength: largest }),
  );
}

export interface ZipArchive {
  names: readonly string[];
  read(name: string): Uint8Array | undefined;
}

/** Reads a .zip archive. Throws `Unreadable`, and `BadZip` for damage and for members beyond the limits. */
export function openZip(path: string, limits?: UnpackLimits): ZipArchive {
  const bytes = readBytes(path);
  const size = bytes.length;
  const guarded = <T>(operation: () => T) => unpacking("BadZip", { source: path, size }, operation);
  const zip = guarded(
    () => new io.ZipReader(new io.BytesSource(bytes, path), Number.POSITIVE_INFINITY),
  );
  return {
    names: zip.names,
    read(name) {
      if (!zip.has(name)) return undefined;
      const cure = "unpack it and give the unpacked file";
      checkUnpacked(path, zip.size(name), "BadZip", { size, limits, cure });
      return guarded(() => zip.read(name));
    },
  };
}

/**
 * The members of these names of a .zip or .tar archive, in any of its folders. A member of the .zip may have .gz at
 * the end of its name (it stays packed). Throws `Unreadable`, `BadGzip`, `BadZip`, `BadTar`.
 */
export function readMembers(path: string, names: readonly string[]): Map<string, Uint8Array> {
  const isZip = /\.(zip|npz)$/.test(path);
  const members = isZip ? zipMembers(path, names) : tarMembers(path, names);
  const absent = names.filter((name) => !members.has(name));
  if (absent.length === 0) return members;
  throw new DatasetError(
    isZip ? "BadZip" : "BadTar",
    `${path}: no ${absent.join(" and ")} in it: expected an archive with ${names.join(", ")}`,
  );
}

function zipMembers(path: string, names: readonly string[]): Map<string, Uint8Array> {
  const archive = openZip(path);
  const members = new Map<string, Uint8Array>();
  for (const member of archive.names) {
    const name = basename(member).replace(/\.gz$/, "");
    if (names.includes(name)) members.set(name, archive.read(member) as Uint8Array);
  }
  return members;
}

function tarMembers(path: string, names: readonly string[]): Map<string, Uint8Array> {
  // The parser takes the whole buffer behind a view.
  const bytes = Uint8Array.from(unpack(readBytes(path), path));
  const filter = ({ name, size = 0 }: { name: string; size?: number }) => {
    if (!names.includes(basename(name))) return false;
    if (size >= 0 && size < bytes.length) return true;
    throw new Error(`${name.slice(0, 80)} claims ${size} bytes of ${bytes.length}`);
  };
  return unpacking("BadTar", { source: path, size: bytes.length }, () => {
    const members = parseTar(bytes, { filter });
    return new Map(members.map(({ name, data }) => [basename(name), data ?? new Uint8Array()]));
  });
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
