// TensorBoard's events (event.proto and summary.proto of version "brain.Event:2") in TFRecord files.
import { join } from "node:path";
import { openAppendFile } from "@dsbm/files";
import { namesIn, removeFiles } from "../files/json.js";
import type { Logger } from "./logger.js";

// TFRecord files: length, its checksum, bytes, their checksum, repeated. The checksum is CRC-32C, which node:zlib does
// not have.
const headerBytes = 12;
const footerBytes = 4;

/** A record of a file. */
function framedRecord(bytes: Uint8Array): Uint8Array {
  const record = Buffer.alloc(headerBytes + bytes.length + footerBytes);
  record.writeBigUInt64LE(BigInt(bytes.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(bytes, headerBytes);
  record.writeUInt32LE(maskedCrc32c(bytes), headerBytes + bytes.length);
  return record;
}

/** The polynomial 0x1EDC6F41, reflected; remainders of the 256 bytes. */
const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C of the bytes (RFC 3720), as a number below 2³². */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The checksum in TFRecord's masked form: rotated, plus a constant. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function event(step: number, what: ProtoField): Uint8Array {
  return message(doubleField(1, Date.now() / 1000), integer(2, step), what);
}

function fileVersion(): Uint8Array {
  return event(0, bytes(3, "brain.Event:2"));
}

/** SessionLog START: readers ignore later steps of earlier files. */
function sessionStart(step: number): Uint8Array {
  const start = 1;
  return event(step, bytes(7, message(integer(1, start))));
}

/** A summary of numbers by name, in single precision like TensorBoard's. */
function scalars(step: number, values: readonly (readonly [string, number])[]): Uint8Array {
  return summary(
    step,
    values.map(([name, value]) => [bytes(1, name), float(2, value)]),
  );
}

/** A summary of images, PNG by name. */
function images(step: number, pictures: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  return summary(
    step,
    pictures.map(([name, png]) => {
      const { width, height, colorspace } = pngFacts(png);
      const image = [integer(1, height), integer(2, width), integer(3, colorspace), bytes(4, png)];
      return [bytes(1, name), bytes(4, message(...image))];
    }),
  );
}

function summary(step: number, values: readonly ProtoField[][]): Uint8Array {
  return event(step, bytes(5, message(...values.map((value) => bytes(1, message(...value))))));
}

/** Channels by the type of colours of a PNG. */
const channels: Record<number, number> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

function pngFacts(png: Uint8Array) {
  const head = Buffer.from(png.buffer, png.byteOffset, 26);
  return {
    width: head.readUInt32BE(16),
    height: head.readUInt32BE(20),
    colorspace: channels[head[25]],
  };
}

type ProtoField = Uint8Array;

function message(...fields: readonly ProtoField[]): Uint8Array {
  return Buffer.concat(fields);
}

function integer(field: number, value: number): ProtoField {
  return Buffer.concat([tag(field, 0), varint(value)]);
}

function doubleField(field: number, value: number): ProtoField {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(field, 1), bytes]);
}

function float(field: number, value: number): ProtoField {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(field, 5), bytes]);
}

function bytes(field: number, value: Uint8Array | string): ProtoField {
  const content = typeof value === "string" ? Buffer.from(value, "utf8") : value;
  return Buffer.concat([tag(field, 2), varint(content.length), content]);
}

function tag(field: number, kind: number): Uint8Array {
  return varint(field * 8 + kind);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
  out.push(rest);
  return Uint8Array.from(out);
}

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
  const append = (event: Uint8Array) => file.append(framedRecord(event));
  append(fileVersion());
  if (newest > 0) append(sessionStart(from));
  return {
    log: (step, values) => append(scalars(step, Object.entries(values))),
    images: (step, pictures) => append(images(step, Object.entries(pictures))),
    flush: () => file.flush(),
    close: () => file.close(),
  };
}
