// A stamp is the hash of a step's inputs, left behind when the step succeeded: same hash, no work.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const repo = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const folder = join(repo, ".setup");

/** Lists the files below `start` (relative to the root) whose name matches, sorted; [] if it is missing. */
export function filesBelow(start, pattern) {
  const found = [];
  const walk = (path) => {
    for (const entry of readdirSync(join(repo, path), { withFileTypes: true })) {
      const child = `${path}/${entry.name}`;
      if (entry.isDirectory()) walk(child);
      else if (pattern.test(entry.name)) found.push(child);
    }
  };
  if (existsSync(join(repo, start))) walk(start);
  return found.sort();
}

/** Folders of the packages, relative to the root: `packages/GROUP/NAME`. */
export function packageFolders() {
  const groups = readdirSync(join(repo, "packages"), { withFileTypes: true });
  return groups
    .filter((group) => group.isDirectory())
    .flatMap(({ name }) =>
      readdirSync(join(repo, "packages", name)).map((child) => `packages/${name}/${child}`),
    )
    .filter((folder) => existsSync(join(repo, folder, "package.json")))
    .sort();
}

/** Hashes files (by path and content) together with plain facts. */
export function fingerprint(files, facts = []) {
  const digest = createHash("sha256").update(JSON.stringify(facts));
  for (const file of files) digest.update(`\0${file}\0`).update(readFileSync(join(repo, file)));
  return digest.digest("hex");
}

/** Tells whether step `name` last succeeded with this very fingerprint. */
export function isStamped(name, print) {
  const file = join(folder, name);
  return existsSync(file) && readFileSync(file, "utf8") === print;
}

/** Remembers that step `name` succeeded with this fingerprint. */
export function stamp(name, print) {
  mkdirSync(folder, { recursive: true });
  const temporary = join(folder, `${name}.${process.pid}.tmp`);
  writeFileSync(temporary, print);
  renameSync(temporary, join(folder, name));
}

/** Forgets step `name`, before work that may leave it half done. */
export function unstamp(name) {
  rmSync(join(folder, name), { force: true });
}
