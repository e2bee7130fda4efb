// The words of `dsbm fit`: places to the keys that they stand for, and which keys are given.
import { existsSync, statSync } from "node:fs";
import { isSetting, parseOverride, printValue, UsageError } from "@dsbm/config";
import type { FitWords } from "@dsbm/experiment";
import { namesOf, plainName } from "./place.js";

const usage = "dsbm fit SOURCE [BETWEEN …] TARGET [key=value …]";

/** Whether a word is a setting or a switch; what is on disk is a place, whatever its name. */
const isSettingOrSwitch = (word: string) =>
  (isSetting(word) || /^[-~]/.test(word)) && !existsSync(word);

/** The name of the data set of a place. Throws a UsageError for what is not there. */
function dataSet(place: string): string {
  if (!existsSync(place))
    throw new UsageError(`no file or folder ${place}; expected SOURCE and TARGET: ${usage}`);
  return `${statSync(place).isDirectory() ? "folder" : "table"}:${place}`;
}

/** With more than two places and no hold-out, at=… are the times of the places. */
function withTimes(settings: readonly string[], places: number): string[] {
  const isKey = (key: string) => (word: string) => word.startsWith(`${key}=`);
  if (places <= 2 || settings.some(isKey("holdout")) || settings.some(isKey("times")))
    return [...settings];
  return settings.map((word) => word.replace(/^at=/, "times="));
}

/**
 * Reads the words. One place alone is a table of two groups, which data.split_by tells apart. Throws a UsageError for
 * places that are missing, too many, or not there.
 */
export function readFitWords(args: readonly string[]): FitWords {
  const places = args.filter((word) => !isSettingOrSwitch(word));
  const settings = withTimes(args.filter(isSettingOrSwitch), places.length);
  const keys = settings.filter((word) => !word.startsWith("-")).map((word) => parseOverride(word));
  const given = new Set(keys.map(({ key }) => key));
  const keyValue = (name: string) => String(keys.find(({ key }) => key === name)?.values[0]);
  const isHelp = settings.some((word) => word === "--help" || word === "-h");
  const ownEnds = given.has("Dataset");
  const [source, ...others] = places;
  const target = others.at(-1);
  if (isHelp || (ownEnds && source === undefined))
    return { tokens: settings, given, typed: (words) => [...words] };
  const oneFile = given.has("data.split_by") && target === undefined;
  if (source === undefined || (target === undefined && !oneFile) || ownEnds)
    throw new UsageError(
      `got ${places.length === 0 ? "no files" : places.map((word) => JSON.stringify(word)).join(" ")}; expected SOURCE and TARGET, or more in the order of their times: ${usage}, or one file with data.split_by=COLUMN data.source=A data.target=B`,
    );
  const name = oneFile
    ? `${namesOf([source])}_${plainName(keyValue("data.source"))}_to_${plainName(keyValue("data.target"))}`
    : namesOf(places).join("_to_");
  const word = (key: string, value: string | string[]) => `${key}=${printValue(value)}`;
  // Keys of a network need to know which, before the pictures are looked at.
  const ofNetwork = keys.some(({ key }) => key.startsWith("model.")) && !given.has("model");
  const sets = places.map(dataSet);
  const hasPictures = sets.some((name) => name.startsWith("folder:"));
  const made = [
    word("Dataset", sets[0] as string),
    ...(sets.length > 2 ? [word("Dataset_between", sets.slice(1, -1))] : []),
    word("Dataset_transfer", sets.at(-1) as string),
    ...(given.has("name") ? [] : [word("name", name)]),
    ...(ofNetwork && hasPictures ? [word("model", "UNET")] : []),
  ];
  return {
    given,
    tokens: [...made, ...settings],
    typed: (words) => [...places, ...words.filter((one) => !made.includes(one))],
  };
}
