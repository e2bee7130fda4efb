// What becomes of the user's pictures where the configuration has another size or other channels than they have.
import type { CompleteTrainConfig } from "@dsbm/config";
import { formatOf, pictureFolders } from "./sizes.js";

/** A line for each folder whose pictures are changed, or could be smaller. Throws as `pictureFormat`. */
export async function pictureNotes({
  data,
  ...ends
}: Pick<CompleteTrainConfig, "Dataset" | "Dataset_transfer" | "transfer" | "data">): Promise<
  string[]
> {
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
    const into = wanted === 1 ? "grey" : "pictures with three channels";
    lines.push(
      `${name}: ${colours}${how} of ${size} pixels a side or more become ${into}, ${data.image_size} × ${data.image_size}: write ${kept.join(" ")} to keep what they have`,
    );
  }
  return lines;
}
