// What may be sampled from: an array, a folder of pictures, a named image set, or the Gaussian end.
import { existsSync, statSync } from "node:fs";
import { UsageError } from "../terminal/errors.js";
import type { Input, InputOptions } from "./input.js";
import { arrayInput } from "./input-array.js";
import { gaussianInput } from "./input-gaussian.js";
import { pictureInput } from "./input-pictures.js";
import { namedInput } from "./input-set.js";

/**
 * Opens what a word names. Throws a UsageError for what is not there and what has no samples of the run's shape,
 * DatasetError and FormatError for damaged files.
 */
export async function openInput(word: string, options: InputOptions): Promise<Input> {
  const { resize } = options;
  const gaussian = /^gaussian:(.*)$/.exec(word);
  const folder = !gaussian && existsSync(word) && statSync(word).isDirectory();
  if (resize && !folder)
    throw new UsageError(
      `resize=true brings pictures of a folder to the run's size, but INPUT is ${word}: leave it out`,
    );
  if (gaussian) return gaussianInput(gaussian[1] as string, options);
  if (folder) return pictureInput(word, options);
  const path = /[\\/]|\.np[yz]$/.test(word) && !word.startsWith("folder:");
  if (existsSync(word) || path) return arrayInput(word, options);
  return namedInput(word, options);
}
