// One addon for a machine and a version: projects copy it from a folder below the user's home instead of compiling it
// again. DSBM_ADDON_CACHE=off switches it off.
import { createHash } from "node:crypto";
import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const sha256 = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");

/** The folder of addons; null if it is switched off. */
export function cacheFolder() {
  if (process.env.DSBM_ADDON_CACHE === "off") return null;
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "dsbm");
}

/** Whether only this user can have written `path`. */
function isOwn(path, kind) {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found?.[kind]()) return false;
  return (
    process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0)
  );
}

const placesOf = (folder, key) => {
  const file = join(folder, `addon-${key}.node`);
  return { file, checksum: `${file}.sha256` };
};

/**
 * Copies the addon of `key` to `target`. Returns false if there is none, or none to be trusted: a file or a folder that
 * others may write, a link, or bytes that differ from the checksum.
 */
export function takeCached(key, target, folder = cacheFolder()) {
  if (folder === null) return false;
  const { file, checksum } = placesOf(folder, key);
  if (!isOwn(folder, "isDirectory") || ![file, checksum].every((path) => isOwn(path, "isFile")))
    return false;
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    copyFileSync(file, temporary, constants.COPYFILE_EXCL);
    // The copy is compared, which nobody else writes.
    if (sha256(temporary) !== readFileSync(checksum, "utf8").trim()) return false;
    chmodSync(temporary, 0o777 & ~process.umask()); // the project's other users load it, too
    renameSync(temporary, target);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function copyExecutable(from, to) {
  copyFileSync(from, to, constants.COPYFILE_EXCL);
  chmodSync(to, 0o700); // whatever the umask is
}

/** Keeps `addon` for other projects. A cache that cannot be written is no error. */
export function putCached(key, addon, folder = cacheFolder()) {
  if (folder === null) return;
  const { file, checksum } = placesOf(folder, key);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOwn(folder, "isDirectory")) return;
    // The checksum comes first: an addon without it, or with another one, is not taken.
    for (const [path, write] of [
      [checksum, (to) => writeFileSync(to, `${sha256(addon)}\n`, { mode: 0o600 })],
      [file, (to) => copyExecutable(addon, to)],
    ]) {
      write(temporary);
      renameSync(temporary, path);
    }
  } catch {
    // A full or read-only home: the next project compiles its own.
  } finally {
    rmSync(temporary, { force: true });
  }
}
