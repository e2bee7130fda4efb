// What becomes of the user's pictures where the configuration has another size or other channels than they have.
import type { CompleteTrainConfig } from "@dsbm/config";
import { pictureFormat } from "@dsbm/data";

const prefix = "folder:";

/** A line for each folder whose pictures are changed, or could be smaller. Throws as `pictureFormat`. */
export async function pictureNotes({
  Dataset,
  Dataset_transfer,
  transfer,
  data,
}: Pick<CompleteTrainConfig, "Dataset" | "Dataset_transfer" | "transfer" | "data">): Promise<
  string[]
> {
  const names = [Dataset, transfer ? Dataset_transfer : null];
  const folders = new Set(names.filter((name) => name?.startsWith(prefix)) as string[]);
  const formats = await Promise.all(
    [...folders].map(async (name) => ({
      name,
      ...(await pictureFormat(name.slice(prefix.length))),
    })),
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
    const into = wanted === 1 ? "grey" : "with three channels";
    lines.push(
      `${name}: ${colours}${how} of ${size} pixels a side or more become ${into}, ${data.image_size} × ${data.image_size}: write ${kept.join(" ")} to keep what they have`,
    );
  }
  return lines;
}
