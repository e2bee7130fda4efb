// Why: the whole way from the words of a command line to typed configurations, one for each run;
// the only function that the door needs.

import type { z } from "zod";
import { parseArgv } from "./argv.js";
import { type Composed, compose } from "./compose.js";
import { defaultsOf } from "./describe.js";
import { mapReportingAll } from "./errors.js";
import { interpolate } from "./interpolate.js";
import { isLauncherWord, type Launcher, resolveLauncher } from "./launcher.js";
import { overrideDirname } from "./name.js";
import { type Override, printOverride } from "./override.js";
import { expandSweep } from "./sweep.js";
import { type CrossCheck, validate } from "./validate.js";

/** What an experiment is to the command line; `name` is also that of its preset file. */
export interface Experiment<S extends z.ZodType> {
  name: string;
  about: string;
  schema: S;
  check?: CrossCheck<z.output<S>>;
  /** Keys that do not name the run's folder, beside seed and experiments_dir. */
  unnamed?: readonly string[];
  /** Whether a launcher may be chosen for its sweeps. */
  launched?: boolean;
}

/** One run of a sweep, or the only one. */
export interface Member<C> {
  config: C;
  /** Its overrides as they can be typed. */
  words: string[];
  /** The folder level between the experiment and the seed. */
  dirname: string;
  choices: Composed["choices"];
}

export interface Resolved<C> {
  help: boolean;
  multirun: boolean;
  members: Member<C>[];
  /** How the members of a sweep are started. */
  launcher: Launcher;
}

/**
 * Resolves argv tokens (behind the experiment's name) to the runs that they ask for. Presets come
 * from `dirs`; without any the schema's defaults are all there is. With --help the members are
 * left empty. Throws ConfigError with the problems of launcher and all members, before any runs.
 */
export function resolve<S extends z.ZodType>(
  experiment: Experiment<S>,
  tokens: readonly string[],
  { dirs = [] }: { dirs?: readonly string[] } = {},
): Resolved<z.output<S>> {
  const { overrides, multirun, help } = parseArgv(tokens);
  if (help) return { help, multirun, members: [], launcher: { kind: "local", n_jobs: null } };
  const forLauncher = overrides.filter((o) => experiment.launched === true && isLauncherWord(o));
  const rest = overrides.filter((override) => !forLauncher.includes(override));
  let launcher: Launcher = { kind: "local", n_jobs: null };
  let members: Member<z.output<S>>[] = [];
  mapReportingAll(
    [
      () => {
        launcher = resolveLauncher(forLauncher, { dirs, multirun });
      },
      () => {
        const sweep = expandSweep(rest, { multirun });
        members = mapReportingAll(sweep, (member) => resolveMember(experiment, member, dirs));
      },
    ],
    (task) => task(),
  );
  return { help, multirun, members, launcher };
}

function resolveMember<S extends z.ZodType>(
  { name, schema, check, unnamed = [], launched = false }: Experiment<S>,
  overrides: readonly Override[],
  dirs: readonly string[],
): Member<z.output<S>> {
  const base = defaultsOf(schema);
  const { config, choices } = compose({
    dirs,
    base,
    overrides,
    allowNew: true, // the schema names unknown keys, together with all other problems
    ...(dirs.length > 0 && { name }),
  });
  return {
    config: validate(schema, interpolate(config), check, {
      groups: [...Object.keys(choices), ...(launched ? ["launcher"] : [])],
    }),
    words: overrides.map(printOverride),
    dirname: overrideDirname(overrides, { exclude: ["seed", "experiments_dir", ...unnamed] }),
    choices,
  };
}
