import { existsSync, statSync } from "node:fs";
import { resolve, sep } from "node:path";
import {
  type CompleteTrainConfig,
  ConfigError,
  configure,
  fit,
  isSetting,
  type Member,
  massKeys,
  type Override,
  type ParsedArguments,
  parseArguments,
  type TrainConfig,
  type Value,
} from "@dsbm/config";
import { isFieldPath } from "@dsbm/files";
import { runFolder } from "@dsbm/runs";

type Named = Pick<
  TrainConfig | CompleteTrainConfig,
  "paths" | "name" | "seed" | "Dataset" | "Dataset_between" | "Dataset_transfer" | "transfer"
>;

/**
 * Returns the folder of a member. The user's files name it if neither name nor preset was typed.
 */
export function placeOfRun(
  config: Named,
  { dirname, base, overrides }: Pick<Member<unknown>, "dirname" | "base" | "overrides">,
): string {
  const { paths, name, seed } = config;
  const isNamed = ["name", "dataset"].some((key) => key in base || key in overrides);
  const fileName = isNamed ? null : nameOfFiles(config);
  return runFolder({
    experiments_dir: paths.experiments_dir_name,
    name: fileName ?? name,
    overrides: dirname,
    seed,
  });
}

/** A folder's name from a text: "day 2.npy" is day_2. */
const plainName = (text: string) => {
  const name = text
    .replace(/(?<=[^/])\.[A-Za-z0-9]+(\.gz)?$/, "")
    .replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "_")
    .replace(/^[._]+|[._]+$/g, "");
  // A letter that is cut in two becomes U+FFFD.
  return (
    Buffer.from(name)
      .subarray(-80)
      .toString()
      .replace(/^\uFFFD+/, "") || "data"
  );
};

/** Names with as few last parts of the paths as tell them apart: data/day_2.npy is day_2. */
function namesOf(places: readonly string[]): string[] {
  const parts = places.map((place) => resolve(place).split(sep));
  for (const most of [1, 2, 3]) {
    const names = parts.map((words) => plainName(words.slice(-most).join("/")));
    if (new Set(names).size === names.length) return names;
  }
  return places.map(plainName);
}

function nameOfFiles({ Dataset, Dataset_between, Dataset_transfer, transfer }: Named) {
  const all = [Dataset, ...(Dataset_between ?? []), (transfer && Dataset_transfer) || Dataset];
  const sets = [...new Set(all)];
  const pathOf = (set: string) => /^(?:folder|array|table|fields):(.+)$/s.exec(set)?.[1];
  if (sets.every((set) => pathOf(set) === undefined)) return null;
  return namesOf(sets.map((set) => pathOf(set) ?? set)).join("_to_");
}

interface FitArguments {
  /** Datasets and a name, below the user's overrides. */
  base: Member<unknown>["base"];
  /** The overrides and the switches. */
  parsed: ParsedArguments;
  /** The overrides as arguments. */
  settings: string[];
  /** The value of each override; for a sweep the first value. */
  overrides: Member<unknown>["overrides"];
  /** The files and folders. */
  places: string[];
}

const usage = "dsbm fit SOURCE [BETWEEN …] TARGET [key=value …]";

/** The options of `fit` without a value, which `parseArguments` does not know. */
export const fitSwitches = ["--plan", "--json", "--again"];

const isSettingOrSwitch = (word: string) =>
  (isSetting(word) || word.startsWith("-")) && !existsSync(word);

/** Of more than two files `at` names their times, unless it is the time of a held-out file. */
function withCourseTimes(overrides: readonly Override[], places: number): Override[] {
  const hasKey = (name: string) => overrides.some(({ key }) => key === name);
  const isHoldout = hasKey("holdout") && !hasKey("holdout_at");
  if (places <= 2 || isHoldout || hasKey("times")) return [...overrides];
  return overrides.map((one) => (one.key === "at" ? { ...one, key: "times" } : one));
}

/**
 * Reads the files and the overrides of `fit`.
 * @throws {ConfigError} as `parseArguments` and `placesBase`.
 */
export function readFitArguments(args: readonly string[]): FitArguments {
  const places = args.filter((word) => !isSettingOrSwitch(word));
  // A mistyped option is the cause of a missing option.
  const { overrides: typed, ...switches } = parseArguments(args.filter(isSettingOrSwitch), [
    ...fitSwitches,
    "--cfg",
  ]);
  const parsed = { ...switches, overrides: withCourseTimes(typed, places.length) };
  const settings = parsed.overrides.map(({ key, text }) => `${key}=${text}`);
  if (parsed.help || parsed.all) return { base: {}, parsed, settings, overrides: {}, places };
  const chosen = (values: readonly Value[]) =>
    values.length > 1 && !parsed.multirun ? [...values] : (values[0] ?? null);
  const overrides = Object.fromEntries(
    parsed.overrides.map(({ key, values }) => [key, chosen(values)]),
  );
  return { base: placesBase(places, overrides), parsed, settings, overrides, places };
}

/** A mistyped key is the cause of a missing place. */
function refuseUnknown(overrides: Member<unknown>["overrides"]): void {
  try {
    configure(fit, overrides);
  } catch (error) {
    if (error instanceof ConfigError && error.code === "unknown_key") throw error;
  }
}

/**
 * Returns the datasets of places, and a name. One place alone is a table of several times, or of two groups
 * (data.split_by).
 * @throws {ConfigError} "usage" for missing, additional or nonexistent places.
 */
export function placesBase(
  places: readonly string[],
  overrides: Member<unknown>["overrides"],
  datasets?: readonly string[],
): FitArguments["base"] {
  const hasKey = (key: string) => Object.hasOwn(overrides, key);
  if (hasKey("Dataset") && places.length === 0) return {};
  const isCourse = hasKey("time");
  const isOneTable = (hasKey("data.split_by") || isCourse) && places.length === 1;
  if (isCourse && places.length > 1)
    throw new ConfigError(
      `time= names a column of one table, got ${places.length} files: write dsbm fit FILE time=COLUMN, or at=0,0.5,1 with a file for each time`,
    );
  if (hasKey("Dataset") || (places.length < 2 && !isOneTable)) {
    refuseUnknown(overrides);
    const got = places.map((place) => JSON.stringify(place)).join(" ") || "no files";
    throw new ConfigError(
      `got ${got}; expected SOURCE and TARGET, or more in the order of their times: ${usage}, or one file with time=COLUMN, or with data.split_by=COLUMN data.source=A data.target=B`,
    );
  }
  const all = datasets ?? places.map((place) => datasetOf(place));
  const values = overrides as Record<string, unknown>;
  const groups = ["data.source", "data.target"].map((key) =>
    plainName(String(values[key]).replace("..", "-")),
  );
  const hasPictures = all.some((name) => /^(folder|fields):/.test(name));
  // Keys of a network need its name before images are read.
  const isOfNetwork = Object.keys(overrides).some((key) => key.startsWith("model."));
  return {
    Dataset: all[0],
    ...(all.length > 2 && { Dataset_between: all.slice(1, -1) }),
    Dataset_transfer: all.at(-1) as string,
    name:
      namesOf(places).join("_to_") +
      (isOneTable
        ? `_${isCourse ? `by_${plainName(String(values.time))}` : groups.join("_to_")}`
        : ""),
    ...(isOfNetwork && hasPictures && { model: "UNET" }),
    // Rows with masses grow and die.
    ...(massKeys.some(hasKey) && !hasKey("method") && { method: "wfr" }),
  };
}

/** @throws {ConfigError} "missing" for a place that does not exist; `expected` is the cure. */
export function datasetOf(place: string, expected = `SOURCE and TARGET: ${usage}`): string {
  const path = place.replace(/^array:/, "");
  if (!existsSync(path))
    throw new ConfigError(`no file or folder ${place}; expected ${expected}`, "missing");
  if (path !== place) return place;
  if (isFieldPath(place)) return `fields:${place}`;
  return `${statSync(place).isDirectory() ? "folder" : "table"}:${place}`;
}
