// A reader of TensorBoard's event files that shares only the checksum with the writer (which has tests of its own):
// framing, and Protocol Buffers by their specification.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { maskedCrc32c } from "../../src/logger/tensorboard.js";

/** The records of a TFRecord file; throws where framing or a checksum is wrong, or bytes are left. */
export function readRecords(path: string): Uint8Array[] {
  const file = readFileSync(path);
  const records: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    if (file.readUInt32LE(at + 8) !== maskedCrc32c(file.subarray(at, at + 8)))
      throw new Error(`the length at byte ${at} has another checksum`);
    const bytes = file.subarray(at + 12, at + 12 + length);
    if (bytes.length !== length) throw new Error(`the record at byte ${at} is cut off`);
    if (file.readUInt32LE(at + 12 + length) !== maskedCrc32c(bytes))
      throw new Error(`the record at byte ${at} has another checksum`);
    records.push(bytes);
    at += 16 + length;
  }
  return records;
}

type Value = number | Buffer;

/** The fields of a message: all values of each number, in order. */
function fieldsOf(bytes: Uint8Array) {
  const buffer = Buffer.from(bytes);
  const fields = new Map<number, Value[]>();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer.readUInt8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(value);
    }
  };
  const take = (length: number) => {
    at += length;
    if (at > buffer.length) throw new Error("a field is longer than its message");
    return buffer.subarray(at - length, at);
  };
  while (at < buffer.length) {
    const tag = varint();
    const kinds: Record<number, () => Value> = {
      0: varint,
      1: () => take(8).readDoubleLE(),
      2: () => take(varint()),
      5: () => take(4).readFloatLE(),
    };
    const read = kinds[tag % 8];
    if (!read) throw new Error(`wire type ${tag % 8} is not known`);
    const field = Math.floor(tag / 8);
    fields.set(field, [...(fields.get(field) ?? []), read()]);
  }
  return fields;
}

const valuesInside = (fields: Map<number, Value[]>, field: number) => {
  const value = fields.get(field)?.[0];
  return value === undefined ? null : fieldsOf(value as Buffer);
};
const numberIn = (fields: Map<number, Value[]> | null, field: number) => fields?.get(field)?.[0];
const textIn = (fields: Map<number, Value[]> | null, field: number) =>
  fields?.get(field)?.[0]?.toString("utf8" as never);

interface Image {
  height: unknown;
  width: unknown;
  colorspace: unknown;
  png: Buffer;
}
interface ReadEvent {
  wall_time: number;
  step: number;
  file_version: string | undefined;
  /** 1 is START. */
  session_status: unknown;
  scalars: Record<string, number>;
  images: Record<string, Image>;
}

/** One event. */
export function readEvent(bytes: Uint8Array): ReadEvent {
  const event = fieldsOf(bytes);
  const read: ReadEvent = {
    wall_time: numberIn(event, 1) as number,
    step: numberIn(event, 2) as number,
    file_version: textIn(event, 3),
    session_status: numberIn(valuesInside(event, 7), 1),
    scalars: {},
    images: {},
  };
  for (const bytes of valuesInside(event, 5)?.get(1) ?? []) {
    const value = fieldsOf(bytes as Buffer);
    const name = textIn(value, 1) as string;
    const [scalar, image] = [numberIn(value, 2), valuesInside(value, 4)];
    if (scalar !== undefined) read.scalars[name] = scalar as number;
    if (image)
      read.images[name] = {
        height: numberIn(image, 1),
        width: numberIn(image, 2),
        colorspace: numberIn(image, 3),
        png: numberIn(image, 4) as Buffer,
      };
  }
  return read;
}

/** The names of the event files of a folder, in the order in which TensorBoard reads them. */
export const eventFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.includes("tfevents"))
    .sort();

/** What TensorBoard shows of a scalar: later files replace earlier ones from the step of a START event on. */
export function shownScalars(folder: string, name: string): [number, number][] {
  let points: [number, number][] = [];
  for (const file of eventFiles(folder))
    for (const event of readRecords(join(folder, file)).map(readEvent)) {
      if (event.session_status === 1) points = points.filter(([step]) => step < event.step);
      if (name in event.scalars) points.push([event.step, event.scalars[name]]);
    }
  return points;
}
