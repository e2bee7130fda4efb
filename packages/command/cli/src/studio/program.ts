// This program as the studio uses it.
import { resolve as absolute } from "node:path";
import {
  ConfigError,
  completeTrain,
  fit,
  printValue,
  resolveArguments,
  type Value,
} from "@dsbm/config";
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
  const { parsed, base } = readFitArguments([...files, ...settings]);
  const [member, ...others] = resolveArguments(fit, parsed, { base }).members;
  if (!member || others.length > 0) throw new ConfigError("the studio starts one run", "sweep");
  const words = ["fit", ...files, ...settings];
  // The times in the table name the folder.
  if (Object.hasOwn(options, "time")) return { words, folder: null };
  return { words, folder: absolute(placeOfRun(completeTrain(member.config), member)) };
}

/** The commands of a studio. */
export const studioProgram: StudioProgram = {
  program: [process.execPath, program],
  fitKeys: [...pageKeys].sort(),
  fit: fitCommand,
  resume(folder, { arguments: files, overrides }) {
    const { [root]: _, ...options } = overrides;
    const texts = Object.entries(options).map(([key, value]) => [key, printValue(value)]);
    return fitCommand(folder, files, Object.fromEntries(texts));
  },
  setting,
};
