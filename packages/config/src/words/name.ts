// A run's folder is named by its overrides (Hydra's override_dirname): the same words give the same folder. Names are
// short and made of characters that shells and file:// addresses take as they are; what is cut or changed becomes a hash.

import { createHash } from "node:crypto";
import { type Override, printOverride } from "./override.js";

const MAX_LENGTH = 64;
const HASH_LENGTH = 8;
/** Words that come first in a name that is cut. */
const TELLING =
  /^(dataset|Dataset|method|model|model_name|dim|first_coupling|n_ipf|outer_iters|half_iterations)=/;

interface NameOptions {
  /** Keys that are left out (default: the seed, which is a folder level of its own). */
  exclude?: readonly string[];
}

/**
 * The folder name of a run: its overrides sorted by key and joined by commas; "defaults" without any. Names over 64
 * characters, and those with others than letters, digits and _ . , = + -, are cut or changed and end in a hash of the
 * whole text.
 */
export function overrideDirname(overrides: readonly Override[], options: NameOptions = {}): string {
  const words = wordsOf(overrides, options);
  const whole = words.join(",") || "defaults";
  const plain = words.map(readable).filter((word) => word !== "");
  if (words.length === 0 || (whole === plain.join(",") && whole.length <= MAX_LENGTH)) return whole;
  const rank = (word: string) => (TELLING.test(word) ? 0 : 1);
  plain.sort((a, b) => rank(a) - rank(b));
  const room = MAX_LENGTH - HASH_LENGTH - 1;
  let head = "";
  for (const word of plain) {
    const first = [...word].slice(0, room / 2).join("");
    const longer = head === "" ? (word.length > room ? first : word) : `${head},${word}`;
    if (longer.length > room) break;
    head = longer.replace(/[.-]+$/, "");
  }
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, HASH_LENGTH);
  return head === "" ? hash : `${head}-${hash}`;
}

/** A word in the characters of a name; of a path only its last part. */
function readable(word: string): string {
  const [, key = "", value = word] = /^([^=]*=)(.*)$/s.exec(word) ?? [];
  const last = value.replace(/\/+$/, "").split("/").at(-1) ?? "";
  return (key + last)
    .replace(/[[\]{}()'"]/g, "")
    .replace(/[^\p{L}\p{N}_.,=+-]+/gu, "-")
    .replace(/^[.-]+|[.-]+$/g, "");
}

/** The overrides as they are named, sorted by key. */
function wordsOf(overrides: readonly Override[], { exclude = ["seed"] }: NameOptions): string[] {
  return overrides
    .filter(({ key }) => !exclude.includes(key))
    .map((override) => ({ key: override.key, word: plainWord(override) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ word }) => word);
}

/** + and ++ are dropped: they change how a key is set, not its value. */
function plainWord(override: Override): string {
  return printOverride(override.kind === "delete" ? override : { ...override, kind: "set" });
}

const EARLIER_BYTES = 200;
const EARLIER_HASH = 16;

/** The name that earlier versions gave: the whole text up to 200 bytes, with %XX in it. Runs begun under it go on. */
export function earlierDirname(overrides: readonly Override[], options: NameOptions = {}): string {
  const name = (wordsOf(overrides, options).join(",") || "defaults")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they were replaced
    .replace(/[%/\\<>:"|?*\u0000-\u001f\u007f]/g, percent)
    .replace(/[. ]$/, percent);
  if (Buffer.byteLength(name) <= EARLIER_BYTES) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, EARLIER_HASH);
  let head = "";
  let bytes = EARLIER_HASH + 1;
  for (const char of name) {
    bytes += Buffer.byteLength(char);
    if (bytes > EARLIER_BYTES) break;
    head += char;
  }
  return `${head}-${hash}`;
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
