import type { CompleteTrainConfig, TrainConfig } from "@dsbm/config";
import { pictureFormat } from "@dsbm/data";

const prefix = "folder:";

type Datasets = Pick<
  TrainConfig | CompleteTrainConfig,
  "Dataset" | "Dataset_between" | "Dataset_transfer" | "transfer"
>;

const endsOf = ({ Dataset, Dataset_between, Dataset_transfer, transfer }: Datasets) => [
  Dataset,
  ...(Dataset_between ?? []),
  ...(transfer && Dataset_transfer ? [Dataset_transfer] : []),
];

/** The names of the image folders among the data (folder:PATH), each once. */
export const pictureFolders = (ends: Datasets): string[] => [
  ...new Set(endsOf(ends).filter((name) => name.startsWith(prefix))),
];

const formatOf = (name: string): ReturnType<typeof pictureFormat> =>
  pictureFormat(name.slice(prefix.length));

const wholeSizes = [16, 28, 32, 64];

const keys = ["data.image_size", "data.channels"] as const;

/** Returns size and channels with reasons. Throws as `pictureFormat`. */
export async function pictureSizes(
  folders: readonly string[],
): Promise<{ key: (typeof keys)[number]; value: number; reason: string }[]> {
  const formats = await Promise.all(folders.map(formatOf));
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

/** A line for each image folder that is changed, or could be smaller. Throws as `pictureFormat`. */
export async function pictureNotes({
  data,
  ...ends
}: Datasets & Pick<CompleteTrainConfig, "data">): Promise<string[]> {
  const formats = await Promise.all(
    pictureFolders(ends).map(async (name) => ({ name, ...(await formatOf(name)) })),
  );
  const needed = Math.max(...formats.map(({ channels }) => channels));
  const wanted = data.channels;
  const lines: string[] = [];
  for (const { name, size, channels, stored } of formats) {
    const colours = channels === 3 ? "pictures with colours" : "grey pictures";
    const kept = [
      ...(size === data.image_size ? [] : [`data.image_size=${size}`]),
      ...(needed === wanted || channels === wanted ? [] : [`data.channels=${channels}`]),
    ];
    if (kept.length === 0) continue;
    const how = stored === 3 && channels === 1 ? ", stored with three channels," : "";
    const into = wanted === 1 ? "grey" : "images with three channels";
    lines.push(
      `${name}: ${colours}${how} of ${size} pixels a side or more become ${into}, ${data.image_size} × ${data.image_size}: write ${kept.join(" ")} to keep what they have`,
    );
  }
  return lines;
}
