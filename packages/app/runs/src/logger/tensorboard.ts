// TensorBoard's event files, for numbers, pictures and texts. Each process writes a new file, with an event that says
// from which step on it replaces earlier files.
import { join } from "node:path";
import { namesIn, removeFiles } from "../files/read.js";
import { makeFolder } from "../files/write.js";
import { GrowingHash, recorded } from "../run/hashes.js";
import { checkStep, checkValues } from "./check.js";
import type { Logger, LoggerOptions } from "./logger.js";
import { fileVersion, images, scalars, sessionStart, texts } from "./tensorboard/event.js";
import { openRecordFile } from "./tensorboard/record-file.js";

/** TensorBoard reads files in the order of their names, so the name has the time; it has no host name. */
const ourName = /^events\.out\.tfevents\.\d{10}\.dsbm$/;

/**
 * A logger that writes tensorboard/events.out.tfevents.<seconds>.dsbm in a folder: numbers in single precision,
 * pictures and texts. A run that starts over (`from` 0) removes earlier files.
 */
export function tensorboardLogger(folder: string, { from }: LoggerOptions = {}): Logger {
  if (from !== undefined) checkStep(from, "from");
  const place = join(folder, "tensorboard");
  makeFolder(place);
  const hashOf = (name: string) => new GrowingHash(folder, `tensorboard/${name}`);
  if (from === 0) {
    // The new file may get the name of one of them.
    for (const name of namesIn(place, ({ name }) => ourName.test(name))) hashOf(name).restart();
    removeFiles(place, (name) => ourName.test(name));
  }
  const times = namesIn(place, ({ name }) => ourName.test(name)).map((name) => name.split(".")[3]);
  const newest = times.length > 0 ? Math.max(...times.map(Number)) : undefined;
  // After a record that a crash cut off, readers would not read the following files.
  if (newest !== undefined) {
    const earlier = hashOf(nameOf(newest));
    earlier.restart();
    openRecordFile(join(place, nameOf(newest))).close();
    earlier.record();
  }
  const now = Math.floor(Date.now() / 1000);
  const name = nameOf(Math.max(now, (newest ?? 0) + 1));
  const hash = hashOf(name);
  const file = openRecordFile(join(place, name));
  file.append(fileVersion());
  if (newest !== undefined && from !== undefined) file.append(sessionStart(from));
  return {
    log(step, values) {
      checkValues(step, values);
      const given = Object.entries(values).flatMap(([name, value]) =>
        value === null ? [] : [[name, value] as const],
      );
      if (given.length > 0) file.append(scalars(step, given));
    },
    images(step, pictures) {
      checkStep(step);
      const given = Object.entries(pictures);
      if (given.length > 0) file.append(images(step, given));
    },
    texts(step, given) {
      checkStep(step);
      const entries = Object.entries(given);
      if (entries.length > 0) file.append(texts(step, entries));
    },
    ...recorded(file, hash),
  };
}

const nameOf = (seconds: number) => `events.out.tfevents.${String(seconds).padStart(10, "0")}.dsbm`;
