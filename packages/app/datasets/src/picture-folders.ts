// Folders of images among the data, and the size of their images.
import type { CompleteTrainConfig } from "@dsbm/config";
import { pictureFormat } from "@dsbm/data";
import { namesOf } from "./datasets.js";

const folderPrefix = "folder:";

/** The names of the image folders among the data (folder:PATH), each once. */
export const pictureFolders = (config: CompleteTrainConfig): string[] => [
  ...new Set(namesOf(config).flatMap(([, name]) => (name.startsWith(folderPrefix) ? [name] : []))),
];

/** Sizes that networks halve several times. */
const wholeSizes = [16, 28, 32, 64];

const imageKeys = ["data.image_size", "data.channels"] as const;

/** Returns size and channels with reasons. Throws as `pictureFormat`. */
export async function pictureSizes(
  folders: readonly string[],
): Promise<{ key: (typeof imageKeys)[number]; value: number; reason: string }[]> {
  const formats = await Promise.all(
    folders.map((name) => pictureFormat(name.slice(folderPrefix.length))),
  );
  const least = Math.min(...formats.map(({ size }) => size));
  const channels = Math.max(...formats.map((one) => one.channels));
  return [
    {
      key: "data.image_size",
      value: wholeSizes.findLast((one) => one <= least) ?? least,
      reason: `the smallest of the inspected images has ${least} pixels a side`,
    },
    {
      key: "data.channels",
      value: channels,
      reason: channels === 1 ? "the images are grey" : "the images have colours",
    },
  ];
}
