// Names of datasets: a set, then the labels to keep: mnist, mnist_2, mnist_0_1_5, fashion_7.

import { nearest } from "@dsbm/files";
import type { DataSet } from "./data-set.js";
import { DatasetError, invalidOption } from "./errors.js";

/** Throws `UnknownSet` with the closest name, and `InvalidOption`. */
export function parseName(
  name: string,
  sets: Readonly<Record<string, DataSet>>,
): { set: DataSet; classes: number[] | undefined } {
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
  return { set, classes: labels === "" ? undefined : checkClasses(name, labels.split("_"), set) };
}

/** `what` names the list in errors. Throws `InvalidOption`. */
export function checkClasses(
  what: string,
  list: readonly (string | number)[],
  { classes }: DataSet,
): number[] {
  const labels = classes.map(({ label }) => String(label));
  const [first, second] = labels;
  if (first === undefined) throw invalidOption(`${what}: [${list}] for a set without classes`);
  const texts = list.map(String);
  const unknown = texts.find((label) => !labels.includes(label));
  if (unknown !== undefined) {
    const range = second === undefined ? `only ${first}` : `${first} to ${labels.at(-1)}`;
    const example =
      second === undefined ? "" : `, as in …_${first}_${second} for ${first} and ${second}`;
    throw invalidOption(
      `${what}: no class ${unknown}: expected labels from ${range}, joined by "_"${example}`,
    );
  }
  const repeated = texts.find((label, i) => texts.indexOf(label) < i);
  if (repeated !== undefined)
    throw invalidOption(`${what}: class ${repeated} twice: expected each label once`);
  if (texts.length === 0) throw invalidOption(`${what}: no class: expected one label or more`);
  return texts.map(Number);
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
