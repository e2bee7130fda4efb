// Members of a published .tar archive, packed or not.
import { basename } from "node:path";
import { parseTar } from "nanotar";
import { DatasetError } from "../errors.js";
import { readBytes, reason, unpack } from "./idx.js";

/**
 * The files of these names, in any folder of the archive, by name; the archive may be gzipped.
 *
 * Reads and unpacks it in memory; the files are views of that. Throws `DatasetError`: `Unreadable`, `BadGzip`,
 * `BadTar` for damage and for a file that is not there.
 */
export function readTarMembers(path: string, names: readonly string[]): Map<string, Uint8Array> {
  const unpacked = unpack(readBytes(path), path);
  const refuse = (problem: string) => new DatasetError("BadTar", `${path}: ${problem}`);
  // The parser takes the whole buffer that an array is a view of.
  const whole = unpacked.byteLength === unpacked.buffer.byteLength;
  const bytes = whole ? unpacked : Uint8Array.from(unpacked);
  const members = new Map<string, Uint8Array>();
  try {
    const filter = (member: { name: string; size?: number }) => {
      const size = member.size ?? 0;
      if (!Number.isSafeInteger(size) || size < 0 || size > bytes.length)
        throw refuse(`${member.name.slice(0, 80)} claims ${size} bytes of ${bytes.length}`);
      return names.includes(basename(member.name));
    };
    for (const { name, data } of parseTar(bytes, { filter }))
      members.set(basename(name), data ?? new Uint8Array());
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw refuse(`does not unpack as .tar (${reason(error)}): fetch it again`);
  }
  const absent = names.filter((name) => !members.has(name));
  if (absent.length > 0)
    throw refuse(`no ${absent.join(" and ")} in it: expected the published archive`);
  return members;
}
