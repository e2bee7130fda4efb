// The words of `dsbm fit`: two places to the keys that they stand for, and which keys somebody typed.
import { existsSync, statSync } from "node:fs";
import { parseOverride, printValue } from "@dsbm/config";
import { UsageError } from "../terminal/errors.js";

/** What the words say: settings and switches as they are typed, places as keys. */
export interface FitWords {
  tokens: string[];
  /** The keys that are set by words. */
  given: ReadonlySet<string>;
}

const usage = "dsbm fit SOURCE TARGET [key=value …]";

/** Whether a word is a setting or a switch; what is on disk is a place, whatever its name. */
const isSetting = (word: string) =>
  /^-|^[~+]{0,2}[A-Za-z_][\w.]*=|^~/.test(word) && !existsSync(word);

/** The name of the data set of a place. Throws a UsageError for what is not there. */
function dataSet(place: string): string {
  if (!existsSync(place))
    throw new UsageError(`no file or folder ${place}; expected SOURCE and TARGET: ${usage}`);
  return `${statSync(place).isDirectory() ? "folder" : "table"}:${place}`;
}

/** A folder's name from what is typed: data/day_2.npy is data_day_2. */
const plain = (text: string) =>
  text
    .replace(/(?<=[^/])\.[A-Za-z0-9]+(\.gz)?$/, "")
    .replace(/[^\w.-]+/g, "_")
    .replace(/^[._]+|[._]+$/g, "")
    .slice(-80) || "data";

/**
 * Reads the words. One place alone is a table of two groups, which data.split_by tells apart. Throws a UsageError for
 * places that are missing, too many, or not there.
 */
export function readFitWords(args: readonly string[]): FitWords {
  const settings = args.filter(isSetting);
  const places = args.filter((word) => !isSetting(word));
  const keys = settings.filter((word) => !word.startsWith("-")).map((word) => parseOverride(word));
  const given = new Set(keys.map(({ key }) => key));
  const keyValue = (name: string) => String(keys.find(({ key }) => key === name)?.values[0]);
  const isHelp = settings.some((word) => word === "--help" || word === "-h");
  const ownEnds = given.has("Dataset");
  const [source, target, ...odd] = places;
  if (isHelp || (ownEnds && source === undefined)) return { tokens: settings, given };
  const oneFile = given.has("data.split_by") && target === undefined;
  if (source === undefined || odd.length > 0 || (target === undefined && !oneFile) || ownEnds)
    throw new UsageError(
      `got ${places.length === 0 ? "no files" : places.map((word) => JSON.stringify(word)).join(" ")}; expected SOURCE and TARGET: ${usage}, or one file with data.split_by=COLUMN data.source=A data.target=B`,
    );
  const ends = oneFile
    ? [plain(source), keyValue("data.source"), keyValue("data.target")]
    : [plain(source), plain(target as string)];
  const name = oneFile
    ? `${ends[0]}_${plain(`${ends[1]}`)}_to_${plain(`${ends[2]}`)}`
    : ends.join("_to_");
  const word = (key: string, value: string) => `${key}=${printValue(value)}`;
  return {
    given,
    tokens: [
      word("Dataset", dataSet(source)),
      word("Dataset_transfer", dataSet(target ?? source)),
      ...(given.has("name") ? [] : [word("name", name)]),
      ...settings,
    ],
  };
}
