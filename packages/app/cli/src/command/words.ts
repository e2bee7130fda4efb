import { existsSync } from "node:fs";
import {
  ConfigError,
  type Experiment,
  helpTable,
  isSetting,
  type Member,
  resolve,
} from "@dsbm/config";
import type { z } from "zod";
import { printHelp } from "../terminal/columns.js";

export interface PlacedOptions {
  /** The places in order; those in brackets may be missing. */
  expected: string;
  /** Lines of help before the keys. */
  notes: readonly string[];
  /** Options with dashes, and their settings. */
  options?: Readonly<Record<string, string>>;
  /** The keys that help shows (default: all). */
  only?: readonly string[];
}

export type Placed<S extends z.ZodType> = Member<z.output<S>> & { places: string[] };

/** Returns the run and the places of a command that does one thing; null after printing help. Throws ConfigError. */
export function placedWords<S extends z.ZodType>(
  experiment: Experiment<S>,
  args: readonly string[],
  { expected, notes, options = {}, only }: PlacedOptions,
): Placed<S> | null {
  const names = expected.split(" ");
  const switches = Object.keys(options);
  const usage = `dsbm ${[experiment.name, expected, "[key=value …]", ...switches].join(" ")}`;
  const places = [] as string[];
  const settings = [] as string[];
  for (const word of args) {
    const isWord = (word.startsWith("-") || isSetting(word)) && !existsSync(word);
    (isWord ? settings : places).push(options[word] ?? word);
  }
  const { help: isHelp, members } = resolve(experiment, settings, { options: switches });
  if (isHelp) {
    const table = helpTable(experiment.schema, { only });
    printHelp([`usage: ${usage}`, "", experiment.about, "", ...notes, "", table].join("\n"));
    return null;
  }
  const [member, ...more] = members;
  if (!member || more.length > 0)
    throw new ConfigError(`dsbm ${experiment.name} handles one run: leave -m out`, "sweep");
  const needed = names.filter((name) => !name.startsWith("["));
  if (places.length < needed.length || places.length > names.length)
    throw new ConfigError(
      `got ${places.length === 0 ? "no arguments" : places.map((place) => JSON.stringify(place)).join(" ")}; expected ${expected}: ${usage}`,
    );
  return { ...member, places };
}

/** Returns the arguments without Hydra's --cfg [job], and whether it was given. */
export function withoutCfg(args: readonly string[]): [words: string[], cfg: boolean] {
  const at = args.findIndex((arg) => arg === "--cfg" || arg === "-c");
  if (at < 0) return [[...args], false];
  return [args.toSpliced(at, args[at + 1] === "job" ? 2 : 1), true];
}
