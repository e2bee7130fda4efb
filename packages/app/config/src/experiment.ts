import type { z } from "zod";
import type { Composed, RegisteredNames } from "./presets.js";
import type { CrossCheck } from "./schema/validate.js";
import type { Aliases, Overrides, Tree } from "./tree.js";

/** A command that takes keys. `name` is also the name of its preset file. */
export interface Experiment<S extends z.ZodType> {
  /** The command, and its preset file. */
  name: string;
  /** One sentence about the command, for --help. */
  about: string;
  /** The keys, their types, defaults and help. */
  schema: S;
  /** Rules between keys. */
  check?: CrossCheck<z.output<S>>;
  /** Second names of its keys, on the command line and in files. */
  aliases?: Aliases;
  /** Values over the defaults of the schema and below all presets. */
  base?: Tree;
  /**
   * Takes keys without a place in the schema out of a tree; returns notes for the user.
   * @throws {ConfigError}
   */
  take?: (tree: Tree) => string[];
  /** The given keys that change nothing in a configuration, each with its reason. */
  unused?: (config: z.output<S>, given: readonly string[]) => Readonly<Record<string, string>>;
  /** Names that work like presets. */
  names?: RegisteredNames;
  /** Keys that do not name the run's folder, in addition to seed and the folder of all runs. */
  unnamed?: readonly string[];
  /** Whether its sweeps may choose a launcher. */
  launched?: boolean;
  /** The keys that help shows first; --help=all shows the others too. */
  first?: readonly string[];
  /** Keys that the command chooses from the data. */
  chosen?: readonly string[];
  /** Its root keys by subject, for help. */
  sections?: Readonly<Record<string, readonly string[]>>;
}

/** The configuration of one run. */
export interface Member<C> {
  /** The checked values of all keys. */
  config: C;
  /** Overrides below the user's, by dotted keys: a command's own overrides for its files. */
  base: Overrides;
  /** The user's overrides by dotted keys. */
  overrides: Overrides;
  /** The user's overrides exactly as typed. */
  words: string[];
  /** The folder between the experiment's and the seed's. */
  dirname: string;
  /** The preset of each group. */
  choices: Composed["choices"];
  /** A line for each given key without effect. */
  notes: string[];
}
