// Whether a command of the documents exists, with existing keys.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { methods } from "@dsbm/bridge";
import {
  annotate,
  compare,
  evaluate,
  exported,
  fit,
  gaussian,
  resolve,
  sample,
  test,
  train,
} from "@dsbm/config";
import { root } from "./blocks.js";

const options = {
  dirs: [join(root, "packages/app/config/conf")],
  names: { method: Object.keys(methods) },
};
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const keysOf = (words: readonly string[]) =>
  words.filter(
    (word) => !/^\[|^…|…\]$/.test(word) && !/^--(again|help|plan|json|open|cfg)$/.test(word),
  );
const isKey = (word: string) => /^[+~]|^[\w.]+=|^-/.test(word);

/** Commands by name; each throws for arguments that it does not take. */
const commands: Record<string, (words: readonly string[]) => void> = {
  train: (words) => void resolve(train, keysOf(words), options),
  gaussian: (words) => void resolve(gaussian, keysOf(words), options),
  test: (words) => void resolve(test, keysOf(words).filter(isKey), options),
  fit(words) {
    const files = ["Dataset=table:a", "Dataset_transfer=table:b"];
    const keys = keysOf(words).filter((word) => isKey(word) && word !== "--plan");
    const between = keysOf(words)
      .filter((word) => !isKey(word))
      .slice(1, -1);
    if (between.length > 0) {
      files.push(`Dataset_between=[${between.map((name) => `table:${name}`)}]`);
      // The times of the data.
      keys.forEach((word, i) => {
        keys[i] = word.replace(/^at=(.*)$/, "times=[$1]");
      });
    }
    void resolve(fit, [...files, ...keys], options);
  },
  sample: (words) => void resolve(sample, keysAfter(words, 3)),
  annotate: (words) => void resolve(annotate, keysAfter(words, 3)),
  compare: (words) => void resolve(compare, keysAfter(words, 2)),
  export: (words) => void resolve(exported, keysAfter(words, 2)),
  evaluate: (words) => void resolve(evaluate, keysAfter(words, 1)),
  extend(words) {
    const [run = "", ...rest] = words;
    if (
      isKey(run) ||
      !rest.every((word) => /^\+\d+$|^(n_ipf|half_iterations|num_iter)=\d+$/.test(word))
    )
      throw new Error(`extend ${words.join(" ")}`);
  },
  runs: (words) => none(words.filter((word) => !/^--(all|json)$/.test(word)).slice(1)),
  doctor: none,
  studio(words) {
    const odd = words.filter((word) => !/^(--open|port=\d+|[\w/.]+)$/.test(word));
    if (odd.length > 0) throw new Error(`studio ${words.join(" ")}`);
  },
  sweep(words) {
    if (!/^(status|table)$/.test(words[0] ?? "") || words.length !== 2)
      throw new Error(`sweep ${words.join(" ")}`);
  },
};

function none(words: readonly string[]): void {
  if (words.length > 0) throw new Error(`unexpected words: ${words.join(" ")}`);
}

/** The keys behind this number of paths. */
function keysAfter(words: readonly string[], places: number): string[] {
  const keys = keysOf(words);
  const first = keys.findIndex(isKey);
  const given = first < 0 ? keys.length : first;
  if (given !== places)
    throw new Error(`expected ${places} words before the keys: ${words.join(" ")}`);
  return keys.slice(places);
}

/** Throws for an unknown command and for wrong arguments. */
export function checkCommand([program = "", ...words]: readonly string[]): void {
  const [name = "", ...rest] = words;
  if (program === "npx" && name === "dsbm") {
    const [command = "", ...args] = rest;
    if (command.startsWith("--")) return;
    const check = commands[command];
    if (!check) throw new Error(`there is no command "${command}"`);
    check(args);
  } else if (program === "npm") {
    const script = name === "run" ? rest[0] : name;
    if (script !== "install" && script !== "pack" && !((script as string) in scripts))
      throw new Error(`package.json has no script "${script}"`);
  } else if (program === "node") {
    const file = words.find((word) => !word.startsWith("-")) ?? "";
    if (!existsSync(join(root, file))) throw new Error(`there is no ${file}`);
  } else throw new Error(`"${program}" is not a program that these tests know`);
}
