// The tests of the commands start from the preset files of the project.

import { gaussian, train } from "../../src/commands/train.js";
import { resolve } from "../../src/configure.js";
import type { TrainConfig } from "../../src/keys/train.js";
import { isTree, printValue, type Tree, type Value } from "../../src/tree.js";
import { thrownError } from "../thrown.js";

export const run = (...words: string[]) => resolve(train, words);
export const benchmark = (...words: string[]) => resolve(gaussian, words);

export const problems = (...words: string[]) => thrownError(() => run(...words)).problems;

/** The configuration of the only run of a command line. */
export function onlyConfig(...words: string[]): TrainConfig {
  const [member, ...rest] = run(...words).members;
  if (member === undefined || rest.length > 0) throw new Error("expected one run");
  return member.config;
}

/** The dotted keys of a tree with their values. */
function leaves(tree: Tree, above = ""): [key: string, value: Value][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    isTree(value) ? leaves(value, `${above}${key}.`) : [[above + key, value]],
  );
}

/** A configuration as key=value arguments. */
export const wordsOf = (config: object): string[] =>
  leaves(config as Tree).map(([key, value]) => `${key}=${printValue(value)}`);
