// Names of datasets: a set, then the labels to keep: mnist, mnist_2, mnist_0_1_5, fashion_7.

import { nearest } from "@dsbm/files";
import type { DataSet } from "./data-set.js";
import { DatasetError, invalidOption } from "./errors.js";

/** Throws `UnknownSet` with the closest name, and `InvalidOption`. */
export function parseName(
  name: string,
  sets: Readonly<Record<string, DataSet>>,
): { set: DataSet; classes: readonly number[] | undefined } {
  const base = name.replace(/(_\d+)+$/, "");
  const set = Object.hasOwn(sets, base) ? sets[base] : undefined;
  if (set === undefined) {
    const known = Object.keys(sets);
    const near = nearest(base, known);
    const cure =
      near === undefined
        ? `there are: ${known.join(", ")}, folder:PATH, array:PATH.npy and table:PATH`
        : `did you mean "${near}${name.slice(base.length)}"?`;
    throw new DatasetError("UnknownSet", `"${name.slice(0, 80)}" is no dataset; ${cure}`);
  }
  const labels = name.slice(base.length + 1);
  return { set, classes: labels === "" ? set.usual : classesOf(name, labels.split("_"), set) };
}

function classesOf(name: string, labels: readonly string[], { classes }: DataSet): number[] {
  const known = classes.map(({ label }) => String(label));
  if (known.length === 0) throw invalidOption(`${name}: [${labels}] for a set without classes`);
  const wrong = labels.find((label, i) => !known.includes(label) || labels.indexOf(label) < i);
  if (wrong !== undefined)
    throw invalidOption(
      `${name}: class ${wrong}: expected labels of ${known.join(", ")}, each once, joined by "_"`,
    );
  return labels.map(Number);
}

export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
}

export { firstOf } from "@dsbm/files";

const bare = /^[\p{L}\p{N}_./+@%#^-]+$/u;
const constants = /^([+-]?(\d.*|\.\d.*|inf|nan)|null|true|false)$/i;

/** An override as a shell takes it: data.exclude=a,b, or 'data.exclude="a, b"' for names with other signs. */
export function setting(key: string, names: readonly string[]): string {
  if (names.every((name) => bare.test(name) && !constants.test(name)))
    return `${key}=${names.join()}`;
  const quoted = names
    .map((name) =>
      name.replace(/(\\*)("|$)/g, (_, slashes, end) => slashes + slashes + (end && '\\"')),
    )
    .map((name) => `"${name}"`);
  const value = quoted.length === 1 ? quoted[0] : `[${quoted.join()}]`;
  return `'${`${key}=${value}`.replaceAll("'", "'\\''")}'`;
}
