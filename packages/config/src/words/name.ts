// A run's folder is named by its overrides (Hydra's override_dirname): the same words give the same folder, with a name
// that every file system accepts.

import { createHash } from "node:crypto";
import { type Override, printOverride } from "./override.js";

const MAX_BYTES = 200;
const HASH_LENGTH = 16;

/**
 * The folder name of a run: its overrides sorted by key and joined by commas, keys in `exclude`
 * (by default the seed, which is a folder level of its own) left out; "defaults" without any.
 * Characters that a file system may refuse are written as %XX; names over 200 bytes end in a hash
 * of the whole name instead of their tail.
 */
export function overrideDirname(
  overrides: readonly Override[],
  { exclude = ["seed"] }: { exclude?: readonly string[] } = {},
): string {
  const words = overrides
    .filter(({ key }) => !exclude.includes(key))
    .map((override) => ({ key: override.key, word: plainWord(override) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ word }) => word);
  return shorten(fileSafe(words.join(",") || "defaults"));
}

/** + and ++ are dropped: they change how a key is set, not its value. */
function plainWord(override: Override): string {
  return printOverride(override.kind === "delete" ? override : { ...override, kind: "set" });
}

function fileSafe(name: string): string {
  return (
    name
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be replaced
      .replace(/[%/\\<>:"|?*\u0000-\u001f\u007f]/g, percent)
      .replace(/[. ]$/, percent)
  );
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, HASH_LENGTH);
  let head = "";
  let bytes = HASH_LENGTH + 1;
  for (const char of name) {
    bytes += Buffer.byteLength(char);
    if (bytes > MAX_BYTES) break;
    head += char;
  }
  return `${head}-${hash}`;
}
