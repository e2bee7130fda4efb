// Folders of images and files of fields among the data, and the size of their samples.
import type { CompleteTrainConfig } from "@dsbm/config";
import {
  evenSize,
  fieldsPrefix,
  firstOf,
  missingMarks,
  openFields,
  pictureFormat,
} from "@dsbm/data";
import { namesOf } from "./datasets.js";

const folderPrefix = "folder:";

const namesWith = (config: CompleteTrainConfig, prefix: string): string[] => [
  ...new Set(namesOf(config).flatMap(([, name]) => (name.startsWith(prefix) ? [name] : []))),
];

/** The names of the image folders among the data (folder:PATH), each once. */
export const pictureFolders = (config: CompleteTrainConfig): string[] =>
  namesWith(config, folderPrefix);

/** The names of the files of fields among the data (fields:PATH), each once. */
export const fieldFiles = (config: CompleteTrainConfig): string[] =>
  namesWith(config, fieldsPrefix);

/** Sizes that networks halve several times. */
const wholeSizes = [16, 28, 32, 64];

const imageKeys = ["data.image_size", "data.image_width", "data.channels"] as const;

interface SizeRule {
  key: (typeof imageKeys)[number];
  value: number;
  reason: string;
}

/**
 * Returns size and channels with reasons.
 * @throws as `pictureFormat`.
 */
export async function pictureSizes(folders: readonly string[]): Promise<SizeRule[]> {
  const formats = await Promise.all(
    folders.map((name) => pictureFormat(name.slice(folderPrefix.length))),
  );
  const least = Math.min(...formats.map(({ size }) => size));
  const smaller = formats.reduce((sum, one) => sum + one.smaller, 0);
  const channels = Math.max(...formats.map((one) => one.channels));
  return [
    {
      key: "data.image_size",
      value: wholeSizes.findLast((one) => one <= least) ?? least,
      reason: `the inspected images have ${least} pixels a side or more${smaller > 0 ? `, all but ${smaller}` : ""}`,
    },
    {
      key: "data.channels",
      value: channels,
      reason: channels === 1 ? "the images are grey" : "the images have colours",
    },
  ];
}

/**
 * Returns channels, height and width of fields with reasons.
 * @throws as `openFields`.
 */
export async function fieldSizes(
  names: readonly string[],
  { variables, na }: CompleteTrainConfig["data"],
): Promise<SizeRule[]> {
  const [path] = names.map((name) => name.slice(fieldsPrefix.length));
  const file = await openFields(path, { variables, marks: missingMarks(na) });
  file.close();
  const { channels, y, x } = file.grid;
  const height = evenSize(y.size);
  const width = evenSize(x.size);
  const grid = `the grid has ${y.size}×${x.size} cells`;
  const isLarger = height > y.size || width > x.size;
  const reason = isLarger
    ? `${grid}, and sizes are multiples of 4: further cells are missing`
    : grid;
  const widthRule: SizeRule = { key: "data.image_width", value: width, reason };
  const list = firstOf(
    channels.map(({ name }) => name),
    12,
  );
  const sizes: SizeRule[] = [
    {
      key: "data.channels",
      value: channels.length,
      reason: `one for each variable and level: ${list}`,
    },
    { key: "data.image_size", value: height, reason },
  ];
  return width === height ? sizes : [...sizes, widthRule];
}
