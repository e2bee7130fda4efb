// TFRecord files: length, its checksum, bytes, their checksum, over and over. A record is appended in one piece, and
// one that a crash cut off is removed before anything follows it.
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { fileError, RunError } from "../../errors.js";
import { makeFolder, writeAll } from "../../files/write.js";
import { maskedCrc32c } from "./crc32c.js";

/** A file of records that grows; every method throws RunError. */
export interface RecordFile {
  readonly path: string;
  /** Writes one record in one go; on failure the file is as before. */
  append(bytes: Uint8Array): void;
  /** Forces everything appended so far onto the disk (fsync). */
  flush(): void;
  /** Flushes and closes; a second call does nothing. */
  close(): void;
}

/** Bytes of a record around its own. */
const headerBytes = 12;
const footerBytes = 4;

/** Opens a file of records, keeping the whole ones that are there. */
export function openRecordFile(path: string): RecordFile {
  makeFolder(dirname(path));
  let fd: number | undefined;
  const guarded = <T>(action: string, operation: (fd: number) => T): T => {
    try {
      if (fd === undefined)
        throw new RunError("closed", `cannot write ${path}: it was closed before, open it again`);
      return operation(fd);
    } catch (error) {
      throw fileError(action, path, error);
    }
  };
  try {
    fd = openSync(path, "a+");
  } catch (error) {
    throw fileError("open", path, error);
  }
  guarded("repair", (file) => {
    const { size } = fstatSync(file);
    const whole = wholeRecords(file, size);
    if (whole < size) ftruncateSync(file, whole);
  });
  return {
    path,
    append: (bytes) =>
      guarded("append to", (file) => {
        const { size } = fstatSync(file);
        try {
          writeAll(file, framed(bytes));
        } catch (error) {
          ftruncateSync(file, size);
          throw error;
        }
      }),
    flush: () => guarded("flush", fsyncSync),
    close() {
      if (fd === undefined) return;
      const file = fd;
      try {
        guarded("flush", fsyncSync);
      } finally {
        fd = undefined;
        closeSync(file);
      }
    },
  };
}

/** A record around bytes. */
function framed(bytes: Uint8Array): Uint8Array {
  const record = Buffer.alloc(headerBytes + bytes.length + footerBytes);
  record.writeBigUInt64LE(BigInt(bytes.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(bytes, headerBytes);
  record.writeUInt32LE(maskedCrc32c(bytes), headerBytes + bytes.length);
  return record;
}

/** Bytes up to the end of the last record before the first damaged one. */
function wholeRecords(fd: number, size: number): number {
  const header = Buffer.alloc(headerBytes);
  let end = 0;
  while (end + headerBytes + footerBytes <= size) {
    readSync(fd, header, 0, headerBytes, end);
    const length = Number(header.readBigUInt64LE(0));
    const next = end + headerBytes + length + footerBytes;
    if (header.readUInt32LE(8) !== maskedCrc32c(header.subarray(0, 8)) || next > size) break;
    const body = Buffer.alloc(length + footerBytes);
    readSync(fd, body, 0, body.length, end + headerBytes);
    if (body.readUInt32LE(length) !== maskedCrc32c(body.subarray(0, length))) break;
    end = next;
  }
  return end;
}
