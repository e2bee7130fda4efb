import { stream } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { decodeInOrder, listPictures, PictureChanges, readPictures } from "@dsbm/data";
import { randperm, type Tensor, tidy } from "@dsbm/torch";
import type { KeptTensors } from "../tensors.js";
import type { ComparedFiles, CompareOptions } from "./compare-files.js";

/** Values of images in memory: 1 GB. */
const mostValues = 2 ** 28;

/** Keys of tables, with the values that say nothing. */
const keysOfTables = {
  where: null,
  source_where: null,
  exclude: null,
  weights: null,
  decimal: ".",
  thousands: null,
  na: null,
  booleans: false,
  header: true,
  key: null,
  layer: null,
  missing: "error",
};

/**
 * Reads folders of images in random order, at the size of the first generated image.
 * @throws {ConfigError} for keys of tables and for a folder without images, and errors of reading.
 */
export async function readImageFolders(
  options: CompareOptions,
  tensors: KeptTensors,
): Promise<ComparedFiles> {
  for (const [key, usual] of Object.entries(keysOfTables))
    if (options[key as keyof CompareOptions] !== usual)
      throw new ConfigError(
        `${key}=${options[key as keyof CompareOptions]} is for tables: leave it out for images`,
      );
  const first = listPictures(options.generated).slice(0, 1);
  const { value } = await decodeInOrder(first, { channels: 3, size: null }).next();
  const { height, width } = value!;
  const size = height === width ? height : null;
  const most = Math.min(2 * options.n, Math.floor(mostValues / (3 * height * width)));
  const read = async (key: "target" | "generated" | "source", folder: string): Promise<Tensor> => {
    const files = listPictures(folder);
    if (files.length === 0)
      throw new ConfigError(`${folder} holds no images: expected a folder, as GENERATED`);
    const generator = stream(options.seed, `compare/${key}`);
    const order = tidy(() => randperm(files.length, { generator }).toNumbers());
    const chosen = order.slice(0, most).map((row) => files[row]);
    const counts = new PictureChanges();
    const reading = { counts, like: { height, width } };
    const images = tensors.add(await readPictures(chosen, { channels: 3, size }, reading));
    for (const note of counts.notes(null)) options.progress.line(`${folder}: ${note}`);
    return images;
  };
  return {
    target: await read("target", options.target),
    generated: await read("generated", options.generated),
    source: options.source ? await read("source", options.source) : undefined,
    names: null,
  };
}
