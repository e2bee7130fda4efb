// Reading of files, with errors that name the file.
import { readFileSync, type Stats, statSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { io } from "@dsbm/torch";
import { unzipSync } from "fflate";
import { parseTar } from "nanotar";
import { DatasetError, reason } from "../errors.js";
import { zipEntries } from "./zip.js";

/** The limit of an unpacked file: no published one is larger, and a small file that claims more is damaged. */
const limit = 2 ** 31;

/** What is at a path, undefined for nothing; throws `Unreadable` without permission. */
export function status(path: string): Stats | undefined {
  return attempt(path, () => statSync(path, { throwIfNoEntry: false }));
}

export const isFile = (path: string): boolean => status(path)?.isFile() ?? false;
export const isFolder = (path: string): boolean => status(path)?.isDirectory() ?? false;

/** The bytes of a file; throws `Unreadable`. */
export function readBytes(path: string): Uint8Array {
  return attempt(path, () => readFileSync(path));
}

/** The result of an operation on a path; its error is `Unreadable`, and `explain` completes its message. */
export function attempt<T>(path: string, operation: () => T, explain = (why: string) => why): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError("Unreadable", `${path}: ${explain(reason(error))}`);
  }
}

/** The same for an operation on `what`, which is kept for later runs. */
export const storing =
  (what: string, cure: string) =>
  <T>(path: string, operation: () => T): T =>
    attempt(
      path,
      operation,
      (why) => `${what} cannot be stored there (${why}): free space, or ${cure}`,
    );

/** The error of bytes that cannot be unpacked. */
function damaged(code: "BadGzip" | "BadZip" | "BadTar", source: string, n: number, error: unknown) {
  return new DatasetError(
    code,
    `${source}: ${n} bytes that cannot be unpacked (${reason(error)}): download it again`,
  );
}

/** Gzipped bytes unpacked, others unchanged; `source` names them in errors; throws `BadGzip`. */
export function unpack(bytes: Uint8Array, source: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: limit });
  } catch (error) {
    throw damaged("BadGzip", source, bytes.length, error);
  }
}

/**
 * The members of these names of a .zip or .tar archive, in any of its folders, by name; the .tar may be gzipped, and a
 * member of the .zip may have .gz at the end of its name (it stays packed).
 *
 * The archive is read into memory, and only those members are unpacked. Throws `DatasetError`: `Unreadable`, `BadGzip`,
 * `BadZip` and `BadTar` for damage and for a member that is not there.
 */
export function readMembers(path: string, names: readonly string[]): Map<string, Uint8Array> {
  const bytes = readBytes(path);
  const zip = /\.(zip|npz)$/.test(path);
  const code = zip ? "BadZip" : "BadTar";
  const plain = (member: string) => basename(member).replace(zip ? /\.gz$/ : /$^/, "");
  const select =
    (all: number) => (member: { name: string; originalSize?: number; size?: number }) => {
      const size = member.originalSize ?? member.size ?? 0;
      if (!names.includes(plain(member.name))) return false;
      if (size >= 0 && size < all) return true;
      throw new Error(`${member.name.slice(0, 80)} claims ${size} bytes of ${all}`);
    };
  let members: Map<string, Uint8Array>;
  const unpacked = zip ? bytes : unpack(bytes, path);
  try {
    const found = zip
      ? Object.entries(unzipSync(bytes, { filter: select(limit) }))
      : tarMembers(unpacked, select(unpacked.length));
    members = new Map(found.map(([member, content]) => [plain(member), content]));
    if (zip) checkSums(path, new Map(found));
  } catch (error) {
    throw damaged(code, path, bytes.length, error);
  }
  const absent = names.filter((name) => !members.has(name));
  if (absent.length > 0)
    throw new DatasetError(
      code,
      `${path}: no ${absent.join(" and ")} in it: expected an archive with ${names.join(", ")}`,
    );
  return members;
}

/** The unpacker does not compare the CRC-32 of members. */
function checkSums(path: string, members: ReadonlyMap<string, Uint8Array>): void {
  for (const { name, crc } of zipEntries(path)) {
    const content = members.get(name);
    if (content && io.crc32(content) !== crc)
      throw new Error(`the CRC-32 of ${name.slice(0, 80)} is not that of its content`);
  }
}

function tarMembers(
  unpacked: Uint8Array,
  filter: (member: { name: string; size?: number }) => boolean,
): [string, Uint8Array][] {
  // The parser takes the whole buffer that an array is a view of.
  const whole = unpacked.byteLength === unpacked.buffer.byteLength;
  const bytes = whole ? unpacked : Uint8Array.from(unpacked);
  return parseTar(bytes, { filter }).map(({ name, data }) => [name, data ?? new Uint8Array()]);
}
