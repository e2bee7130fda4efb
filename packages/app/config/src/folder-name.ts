import { createHash } from "node:crypto";
import { printOverrides } from "./overrides.js";
import type { Overrides } from "./tree.js";

const maximumLength = 64;
const hashLength = 8;
/** Settings that come first in a folder's name. */
const importantKeys =
  /^(dataset|Dataset|method|model|model_name|dim|first_coupling|n_ipf|outer_iters|half_iterations)=/;

/**
 * Names the folder of a run by its overrides, sorted by key and joined by commas (Hydra's
 * override_dirname), or "defaults". A name over 64 characters, or with characters other than
 * letters, digits and _ . , = + -, ends in a hash of the whole, so that it is safe in shells and
 * file:// addresses.
 */
export function overrideDirname(overrides: Overrides, exclude: readonly string[]): string {
  const entries = Object.entries(overrides).filter(([key]) => !exclude.includes(key));
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const words = printOverrides(Object.fromEntries(sorted));
  const whole = words.join(",") || "defaults";
  const plain = words.map(readable).filter((word) => word !== "");
  if (words.length === 0 || (whole === plain.join(",") && whole.length <= maximumLength))
    return whole;
  const rank = (word: string) => (importantKeys.test(word) ? 0 : 1);
  plain.sort((a, b) => rank(a) - rank(b));
  const room = maximumLength - hashLength - 1;
  let head = "";
  for (const word of plain) {
    const first = [...word].slice(0, room / 2).join("");
    const longer = head === "" ? (word.length > room ? first : word) : `${head},${word}`;
    if (longer.length > room) break;
    head = longer.replace(/[.-]+$/, "");
  }
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, hashLength);
  return head === "" ? hash : `${head}-${hash}`;
}

function readable(word: string): string {
  const [, key = "", value = word] = /^([^=]*=)(.*)$/s.exec(word) ?? [];
  const last =
    value
      .replace(/[/\\]+$/, "")
      .split(/[/\\]/)
      .at(-1) ?? "";
  return (key + last)
    .replace(/[[\]{}()'"]/g, "")
    .replace(/[^\p{L}\p{N}_.,=+-]+/gu, "-")
    .replace(/^[.-]+|[.-]+$/g, "");
}
