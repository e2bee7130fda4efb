// The grammar of data sets' names: a set, then the labels to keep, joined by "_": mnist, mnist_2, mnist_0_1_5,
// fashion_mnist_7. Labels are the published ones, without leading zeros.

import type { DataSet } from "./data-set.js";
import { DatasetError, invalidOption } from "./errors.js";

/**
 * Reads a name: the set and the labels in it, undefined without labels.
 *
 * Throws `DatasetError`: `UnknownSet` (with the nearest name), `InvalidOption` for a label that the set does not have,
 * or that is repeated.
 */
export function parseName(
  name: string,
  sets: Readonly<Record<string, DataSet>>,
): { set: DataSet; classes: number[] | undefined } {
  const base = name.replace(/(_\d+)+$/, "");
  const set = Object.hasOwn(sets, base) ? sets[base] : undefined;
  if (set === undefined) throw unknown(name, base, Object.keys(sets));
  const suffix = name.slice(base.length + 1);
  if (suffix === "") return { set, classes: undefined };
  return { set, classes: checkClasses(name, suffix.split("_"), set) };
}

/** The labels of a list of texts or numbers, each checked; `what` names the list in errors. */
export function checkClasses(
  what: string,
  wanted: readonly (string | number)[],
  { classes }: DataSet,
): number[] {
  if (classes.length === 0) throw invalidOption(`${what}: [${wanted}] for a set without classes`);
  const labels = classes.map(({ label }) => String(label));
  const [first, second] = labels;
  const pair =
    second === undefined ? "" : `, as in …_${first}_${second} for ${first} and ${second}`;
  const seen = wanted.map((label) => {
    if (labels.includes(String(label))) return Number(label);
    const some = labels.length === 1 ? `only ${first}` : `${first} to ${labels.at(-1)}`;
    throw invalidOption(
      `${what}: no class ${label}: expected labels from ${some}, joined by "_"${pair}`,
    );
  });
  const twice = seen.find((label, i) => seen.indexOf(label) < i);
  if (twice !== undefined || seen.length === 0) {
    const found = twice === undefined ? "no class" : `class ${twice} twice`;
    throw invalidOption(`${what}: ${found}: expected each label once`);
  }
  return seen;
}

/** The known name that is nearest to one that is not known; undefined where none is near. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const near = known
    .map((candidate) => ({ candidate, d: edits(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.d - b.d)[0];
  return near !== undefined && near.d <= Math.max(2, Math.floor(name.length / 3))
    ? near.candidate
    : undefined;
}

/** For an error: "; did you mean …?", or nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name.slice(0, 200), known);
  return near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
}

/** For an error: the first of some names, and a sign that there are more. */
export const firstOf = (names: readonly string[], most: number): string =>
  names.slice(0, most).join(", ") + (names.length > most ? ", …" : "");

function unknown(name: string, base: string, known: readonly string[]): DatasetError {
  const near = nearest(base, known);
  const meant =
    near !== undefined
      ? `did you mean "${near}${name.slice(base.length)}"?`
      : `there are: ${known.join(", ")}, folder:PATH, array:PATH.npy and table:PATH`;
  return new DatasetError("UnknownSet", `"${name.slice(0, 80)}" is no data set; ${meant}`);
}

/** Fewest insertions, deletions and replacements between two texts (Levenshtein 1966), row by row. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
