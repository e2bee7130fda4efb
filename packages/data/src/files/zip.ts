// Members of a published .zip archive, without unpacking the rest of it.
import { basename } from "node:path";
import { type UnzipFileInfo, unzipSync } from "fflate";
import { DatasetError } from "../errors.js";
import { readBytes, reason } from "./idx.js";

/** No published member is larger; an archive that claims more is not a published one. */
const limit = 2 ** 30;

/**
 * The members of these names, with or without a folder and .gz, by name without either.
 *
 * Reads the archive into memory and unpacks those members only (their .gz stays packed). Throws
 * `DatasetError`: `Unreadable`, `BadZip` for damage and for a member that is not there.
 */
export function readMembers(path: string, names: readonly string[]): Map<string, Uint8Array> {
  const bytes = readBytes(path);
  const plain = (member: string) => basename(member).replace(/\.gz$/, "");
  const filter = ({ name, originalSize }: UnzipFileInfo) => {
    if (!names.includes(plain(name))) return false;
    if (originalSize <= limit) return true;
    throw new DatasetError(
      "BadZip",
      `${path}: ${name} claims ${originalSize} bytes: expected at most ${limit}; fetch it again`,
    );
  };
  let members: Map<string, Uint8Array>;
  try {
    const found = Object.entries(unzipSync(bytes, { filter }));
    members = new Map(found.map(([member, content]) => [plain(member), content]));
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(
      "BadZip",
      `${path}: ${bytes.length} bytes that do not unpack as .zip (${reason(error)}): fetch it again`,
    );
  }
  const absent = names.filter((name) => !members.has(name));
  if (absent.length > 0) {
    throw new DatasetError(
      "BadZip",
      `${path}: no ${absent.join(" and ")} in it: expected the published archive`,
    );
  }
  return members;
}
