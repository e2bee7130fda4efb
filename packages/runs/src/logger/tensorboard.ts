// TensorBoard's event files, for numbers, pictures and texts. Each process writes a new file, with an event that says
// from which step on it replaces earlier files.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileError } from "../errors.js";
import { makeFolder } from "../files/write.js";
import { checkStep, checkValues } from "./check.js";
import type { Logger, LoggerOptions } from "./logger.js";
import { fileVersion, images, scalars, sessionStart, texts } from "./tensorboard/event.js";
import { openRecordFile } from "./tensorboard/record-file.js";

/** TensorBoard reads files in the order of their names, so the name has the time; it has no host name. */
const ourName = /^events\.out\.tfevents\.(\d{10})\.dsbm$/;

/**
 * A logger that writes tensorboard/events.out.tfevents.<seconds>.dsbm in a folder: numbers in single precision,
 * pictures and texts. A run that starts over (`from` 0) removes earlier files.
 */
export function tensorboardLogger(folder: string, { from }: LoggerOptions = {}): Logger {
  if (from !== undefined) checkStep(from, "from");
  const place = join(folder, "tensorboard");
  makeFolder(place);
  const earlier = from === 0 ? forgetAll(place) : secondsOf(place);
  const newest = earlier.at(-1);
  // After a record that a crash cut off, readers would not read the following files.
  if (newest !== undefined) openRecordFile(join(place, nameOf(newest))).close();
  const now = Math.floor(Date.now() / 1000);
  const file = openRecordFile(join(place, nameOf(Math.max(now, (newest ?? 0) + 1))));
  file.append(fileVersion());
  if (newest !== undefined && from !== undefined) file.append(sessionStart(from));
  return {
    log(step, values) {
      checkValues(step, values);
      const given = Object.entries(values).filter((entry): entry is [string, number] => {
        return entry[1] !== null;
      });
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
    flush: file.flush,
    close: file.close,
  };
}

function nameOf(seconds: number): string {
  return `events.out.tfevents.${String(seconds).padStart(10, "0")}.dsbm`;
}

/** The times of our files in a folder, in order. */
function secondsOf(place: string): number[] {
  if (!existsSync(place)) return [];
  try {
    const seconds = readdirSync(place).map((name) => ourName.exec(name)?.[1]);
    return seconds
      .filter((text) => text !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
  } catch (error) {
    throw fileError("read", place, error);
  }
}

function forgetAll(place: string): [] {
  for (const seconds of secondsOf(place)) {
    const path = join(place, nameOf(seconds));
    try {
      rmSync(path, { force: true });
    } catch (error) {
      throw fileError("remove", path, error);
    }
  }
  return [];
}
