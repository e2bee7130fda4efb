import { join } from "node:path";
import { makeFolder } from "@dsbm/files";
import { namesIn, removeFiles } from "../files/read.js";
import type { Logger, LoggerOptions } from "./logger.js";
import { fileVersion, images, scalars, sessionStart } from "./tensorboard/event.js";
import { openRecordFile } from "./tensorboard/record-file.js";

/** TensorBoard sorts files by name, so the name has the time. It has no host name. */
const ourName = /^events\.out\.tfevents\.(\d{10})\.dsbm$/;

/**
 * Writes tensorboard/events.out.tfevents.<seconds>.dsbm in a folder: numbers in single precision,
 * and images. A run that starts over (`from` 0) removes earlier files.
 */
export function tensorboardLogger(folder: string, { from }: LoggerOptions = {}): Logger {
  const place = join(folder, "tensorboard");
  const open = (seconds: number) => {
    const name = `events.out.tfevents.${String(seconds).padStart(10, "0")}.dsbm`;
    return openRecordFile(join(place, name));
  };
  makeFolder(place);
  if (from === 0) removeFiles(place, (name) => ourName.test(name));
  const earlier = namesIn(place, ({ name }) => ourName.test(name));
  const newest = Number(ourName.exec(earlier.at(-1) ?? "")?.[1] ?? 0);
  // Readers would skip all files after a cut record.
  if (newest > 0) open(newest).close();
  const file = open(Math.max(Math.floor(Date.now() / 1000), newest + 1));
  file.append(fileVersion());
  if (newest > 0 && from !== undefined) file.append(sessionStart(from));
  return {
    log(step, values) {
      const known = Object.entries(values).flatMap(([name, value]) =>
        value === null ? [] : [[name, value] as const],
      );
      if (known.length > 0) file.append(scalars(step, known));
    },
    images: (step, pictures) => file.append(images(step, Object.entries(pictures))),
    flush: () => file.flush(),
    close: () => file.close(),
  };
}
