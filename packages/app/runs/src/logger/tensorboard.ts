import { join } from "node:path";
import { openAppendFile } from "@dsbm/files";
import { namesIn, removeFiles } from "../files/read.js";
import type { Logger } from "./logger.js";
import { fileVersion, images, scalars, sessionStart } from "./tensorboard/event.js";
import { framed } from "./tensorboard/record-file.js";

/** TensorBoard sorts files by name, so the name has the time. It has no host name. */
const ourName = /^events\.out\.tfevents\.(\d{10})\.dsbm$/;

/**
 * Writes tensorboard/events.out.tfevents.<seconds>.dsbm in a folder: numbers in single precision,
 * and images. A run that starts over (`from` 0) removes earlier files.
 */
export function tensorboardLogger(folder: string, from: number): Logger {
  const place = join(folder, "tensorboard");
  if (from === 0) removeFiles(place, (name) => ourName.test(name));
  const earlier = namesIn(place, ({ name }) => ourName.test(name));
  const newest = Number(ourName.exec(earlier.at(-1) ?? "")?.[1] ?? 0);
  const seconds = String(Math.max(Math.floor(Date.now() / 1000), newest + 1)).padStart(10, "0");
  const file = openAppendFile(join(place, `events.out.tfevents.${seconds}.dsbm`));
  const append = (event: Uint8Array) => file.append(framed(event));
  append(fileVersion());
  if (newest > 0) append(sessionStart(from));
  return {
    log: (step, values) => append(scalars(step, Object.entries(values))),
    images: (step, pictures) => append(images(step, Object.entries(pictures))),
    flush: () => file.flush(),
    close: () => file.close(),
  };
}
