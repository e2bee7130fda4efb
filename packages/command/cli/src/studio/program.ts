// This program as the studio uses it.
import { resolve as absolute } from "node:path";
import {
  ConfigError,
  completeTrain,
  fit,
  parseOverride,
  printValue,
  resolveArguments,
  sweptOverrides,
  type Value,
} from "@dsbm/config";
import type { RunRequest } from "@dsbm/runs";
import type { FitCommand, StudioProgram } from "@dsbm/studio";
import { program } from "../machine/program.js";
import { placeOfRun, readFitArguments } from "../words/places.js";

const root = "paths.experiments_dir_name";

/** Further options of pages. No option names a file or code, or starts processes. The run folder, which `name` names, is below the studio's. */
const otherKeys = [
  "at",
  "data.between",
  "data.categories",
  "data.classes",
  "data.components",
  "data.decimal",
  "data.integer",
  "data.log1p",
  "data.na",
  "data.range",
  "data.source",
  "data.target",
  "data.test_fraction",
  "data.thousands",
  "data.variables",
  "data.where",
  "delta",
  "device",
  "first_coupling",
  "half_iterations",
  "interpolant",
  "loo",
  "method",
  "name",
  "threads",
  "time_order",
  "times",
  "weights",
];

const pageKeys: ReadonlySet<string> = new Set([
  ...(fit.first ?? []),
  ...(fit.chosen ?? []),
  ...otherKeys,
]);

const setting = (key: string, value: Value): string => `${key}=${printValue(value)}`;

/** Settings of which some have several values, as a sweep of one run at a time; lists stay lists. */
function withSweep(settings: readonly string[]): readonly string[] {
  const overrides = settings.map(parseOverride);
  const swept = sweptOverrides(fit, overrides);
  if (swept.length === 0) return settings;
  const texts = overrides.map((one) => {
    const isList = one.values.length > 1 && !swept.includes(one);
    return `${one.key}=${isList ? `[${one.text}]` : one.text}`;
  });
  return [...texts, "launcher.n_jobs=1", "-m"];
}

/** @throws {ConfigError} for an option of no page, and all errors of the command line. */
function fitCommand(
  folder: string,
  files: readonly string[],
  options: Readonly<Record<string, string>>,
): FitCommand {
  const unknown = Object.keys(options).find((key) => !pageKeys.has(key));
  if (unknown !== undefined)
    throw new ConfigError(
      `${unknown}= cannot be given in the studio: write dsbm fit in a terminal for it`,
      "unknown_key",
    );
  const settings = Object.entries(options).map(([key, text]) => `${key}=${text}`);
  // The usual folder of runs needs no option.
  if (folder !== absolute("experiments")) settings.push(setting(root, folder));
  const words = [...files, ...withSweep(settings)];
  const { parsed, base } = readFitArguments(words);
  const { members } = resolveArguments(fit, parsed, { base });
  const command = ["fit", ...words];
  // The times in the table name the folders.
  if (Object.hasOwn(options, "time")) return { words: command, folders: null };
  const folders = members.map((one) => absolute(placeOfRun(completeTrain(one.config), one)));
  return { words: command, folders };
}

/** The options of a request as typed; the studio names the folder of runs. */
function typedOptions({ overrides }: RunRequest): Record<string, string> {
  const { [root]: _, ...options } = overrides;
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key, printValue(value)]),
  );
}

/** The commands of a studio. */
export const studioProgram: StudioProgram = {
  program: [process.execPath, program],
  fitKeys: [...pageKeys].sort(),
  fit: fitCommand,
  options: typedOptions,
  resume: (folder, request) => fitCommand(folder, request.arguments, typedOptions(request)),
  setting,
};
