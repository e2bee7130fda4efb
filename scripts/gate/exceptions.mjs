// What was above a limit when the limit came, a line each: RULE SIZE PLACE. The list only shrinks: new code keeps the
// limits, and an entry above the measured size is an error. Git merges both sides' lines
// (.gitattributes), so of two sizes the smaller one counts.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repo } from "../setup/stamp.mjs";

const path = join(repo, "scripts/gate/exceptions.txt");

/**
 * The exceptions as { rule: { place: size } }.
 * @returns {Record<string, Record<string, number>>}
 * @throws {Error} for a line of another form
 */
export function parseExceptions(text) {
  const rules = /** @type {Record<string, Record<string, number>>} */ ({});
  for (const line of text.split("\n").filter((row) => row !== "")) {
    const [, rule, size, place] = line.match(/^(\w+) (\d+) (.*)$/) ?? [];
    if (!rule) throw new Error(`scripts/gate/exceptions.txt: "${line}" is not RULE SIZE PLACE`);
    rules[rule] ??= {};
    rules[rule][place] = Math.min(Number(size), rules[rule][place] ?? Number.POSITIVE_INFINITY);
  }
  return rules;
}

/** The lines of { rule: { place: size } }, by rule and place. */
export const formatExceptions = (rules) =>
  Object.entries(rules)
    .flatMap(([rule, places]) =>
      Object.entries(places).map(([place, size]) => ({ rule, place, size })),
    )
    .sort((a, b) => (a.rule + a.place < b.rule + b.place ? -1 : 1))
    .map(({ rule, place, size }) => `${rule} ${size} ${place}\n`)
    .join("");

export const readExceptions = () => parseExceptions(readFileSync(path, "utf8"));

/**
 * Compares the places above a limit with the exceptions of a rule: the places that neither keep the limit nor have an exception
 * of their size, and the entries that can be lowered or removed.
 */
export function compareWithExceptions(excess, exceptions) {
  const above = [...excess].filter(([place, size]) => size > (exceptions[place] ?? 0));
  const loose = Object.entries(exceptions).filter(
    ([place, size]) => (excess.get(place) ?? 0) < size,
  );
  return {
    above: above.map(([place, size]) => ({ place, size, allowed: exceptions[place] })),
    loose: loose.map(([place, size]) => ({ place, recorded: size, size: excess.get(place) })),
  };
}

/**
 * Lowers and removes entries; it neither adds one nor raises one.
 * @returns {Record<string, Record<string, number>>}
 */
export function shrinkExceptions(measured, rules) {
  const shrunken = /** @type {Record<string, Record<string, number>>} */ ({});
  for (const [rule, places] of Object.entries(rules))
    for (const [place, recorded] of Object.entries(places)) {
      const size = Math.min(recorded, measured[rule]?.get(place) ?? 0);
      if (size > 0) shrunken[rule] = { ...shrunken[rule], [place]: size };
    }
  return shrunken;
}

export const writeShrunken = (measured) =>
  writeFileSync(path, formatExceptions(shrinkExceptions(measured, readExceptions())));
