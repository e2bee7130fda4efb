// Whether a command of the documents exists, with existing keys.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  annotate,
  compare,
  distill,
  evaluate,
  exportNetworks,
  fit,
  gaussian,
  resolve,
  sample,
  test,
  train,
} from "@dsbm/config";
import { methodNames } from "@dsbm/fit";
import { root } from "./blocks.js";

const options = { names: methodNames() };
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const keysOf = (words: readonly string[]) =>
  words.filter((word) => !/^\[|^…|…\]$/.test(word) && !/^--(again|help|plan|json|cfg)$/.test(word));
const isKey = (word: string) => /^[+~]|^[\w.]+=|^-/.test(word);

/** Commands of so many places, and then keys. */
const placesOf: Record<string, [experiment: Parameters<typeof resolve>[0], places: number]> = {
  train: [train, 0],
  gaussian: [gaussian, 0],
  distill: [distill, 1],
  sample: [sample, 3],
  annotate: [annotate, 3],
  compare: [compare, 2],
  export: [exportNetworks, 2],
  evaluate: [evaluate, 1],
};

/** Commands without an experiment's keys. */
const otherCommands: Record<string, RegExp> = {
  extend: /^[^ =]+( (\+\d+|(n_ipf|half_iterations)=\d+))*$/,
  runs: /^[^ =]*( ?--json)?$/,
  doctor: /^$/,
  look: /^\S+( --json)?$/,
  studio: /^((port=\d+|--read-only|[\w/.]+) ?)*$/,
  sweep: /^(status|table) \S+$/,
};

function checkArguments(command: string, words: readonly string[]) {
  const keys = keysOf(words).filter(isKey);
  const places = keysOf(words).filter((word) => !isKey(word));
  const [experiment, count] = placesOf[command] ?? [];
  if (experiment) {
    if (places.length !== count)
      throw new Error(`expected ${count} words before the keys: ${words.join(" ")}`);
    resolve(experiment, keys, count === 0 ? options : {});
  } else if (command === "test") resolve(test, keys, options);
  else if (command === "fit") {
    const between = places.slice(1, -1).map((name) => `table:${name}`);
    const ends = ["Dataset=table:a", "Dataset_transfer=table:b"];
    if (between.length > 0) ends.push(`Dataset_between=[${between}]`);
    // The times of the data.
    const settings = keys.map((word) =>
      between.length > 0 ? word.replace(/^at=(.*)$/, "times=[$1]") : word,
    );
    resolve(fit, [...ends, ...settings], options);
  } else if (!otherCommands[command]?.test(words.join(" ")))
    throw new Error(`there is no command "${command} ${words.join(" ")}"`);
}

/** Throws for an unknown command and for wrong arguments. */
export function checkCommand([program = "", ...words]: readonly string[]): void {
  const [name = "", ...rest] = words;
  // Variables of the environment before a command.
  if (/^[A-Z_]+=/.test(program)) checkCommand(words);
  else if (program === "npx" && name === "dsbm") {
    const [command = "", ...args] = rest;
    if (!command.startsWith("--")) checkArguments(command, args);
  } else if (program === "npm") {
    const script = name === "run" ? rest[0] : name;
    if (!["ci", "install", "pack"].includes(script) && !(script in scripts))
      throw new Error(`package.json has no script "${script}"`);
  } else if (program === "node") {
    const file = words.find((word) => !word.startsWith("-")) ?? "";
    if (!existsSync(join(root, file))) throw new Error(`there is no ${file}`);
  } else throw new Error(`"${program}" is not a program that these tests know`);
}
