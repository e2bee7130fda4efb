// Pairs of rows that the user knows.
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import { equalNames, equalRows, type KnownRows, type PairedEnd, readPairs } from "@dsbm/data";
import { loadOptions } from "./dataset.js";
import { type Datasets, namesOf } from "./datasets.js";
import { targetUnits } from "./target-units.js";

/** The value of pairs= for equal rows of both files. */
export const rowPairs = "rows";

const pairRules = { [rowPairs]: equalRows, names: equalNames };

/** Whether pairs= names a file, and no rule that finds pairs in two datasets. */
export const isPairsFile = (pairs: string): boolean => !Object.hasOwn(pairRules, pairs);

/**
 * Known pairs as rows of the training tables, for a time course over all intervals; null without pairs.
 * @throws {DatasetError} for an unusable file, and a ConfigError if all pairs have held-out rows.
 */
export async function loadPairs(
  config: CompleteTrainConfig,
  { x0 }: Pick<Datasets, "x0">,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<KnownRows | null> {
  const { pairs: path, data } = config;
  if (path === null) return null;
  const places = namesOf(config).map(([end, name, between]): PairedEnd => {
    const like = end === "x1" ? x0.facts : null;
    const use = { like, between, units: targetUnits(config, { end, between }) };
    const { split: _, ...options } = loadOptions("train", end, config, use);
    return { name, options };
  });
  const known = isPairsFile(path)
    ? await readPairs(path, places, { id: data.id, signal })
    : foundPairs(path as keyof typeof pairRules, places);
  if (known.x0.length > 0) return known;
  throw new ConfigError(
    `pairs=${path}: all ${known.given} pairs have a held-out or unused row: expected some to train on; give more pairs, or a smaller data.test_fraction`,
  );
}

function foundPairs(rule: keyof typeof pairRules, places: readonly PairedEnd[]): KnownRows {
  const [source, target, ...further] = places;
  if (further.length > 0)
    throw new ConfigError(
      `pairs=${rule} pairs the ${rule} of two datasets, got ${places.length}: name pairs in a table, pairs=FILE.csv`,
    );
  return pairRules[rule](source, target);
}

/** Says how many pairs a file has, and how many of them training cannot use. */
export const aboutPairs = ({ pairs: path }: CompleteTrainConfig, { x0, given }: KnownRows) =>
  `pairs=${path}: ${given} known pairs${x0.length < given ? `, of which ${given - x0.length} have a held-out or unused row` : ""}`;
