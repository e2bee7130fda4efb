// TFRecord files: length, its checksum, bytes, their checksum, repeated. The checksum is CRC-32C, which node:zlib does
// not have.
import { readSync } from "node:fs";
import { type AppendFile, openAppendFile } from "@dsbm/files";

const headerBytes = 12;
const footerBytes = 4;

/**
 * Opens a file of records for appending. Removes a damaged record and everything after it. Throws
 * RunError.
 */
export function openRecordFile(
  path: string,
): Omit<AppendFile, "append"> & { append(record: Uint8Array): void } {
  const file = openAppendFile(path, wholeRecords);
  return {
    append: (record) => file.append(framed(record)),
    flush: () => file.flush(),
    close: () => file.close(),
  };
}

function framed(bytes: Uint8Array): Uint8Array {
  const record = Buffer.alloc(headerBytes + bytes.length + footerBytes);
  record.writeBigUInt64LE(BigInt(bytes.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(bytes, headerBytes);
  record.writeUInt32LE(maskedCrc32c(bytes), headerBytes + bytes.length);
  return record;
}

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

/** The polynomial 0x1EDC6F41, reflected; remainders of the 256 bytes. */
const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C of the bytes (RFC 3720), as a number below 2³². */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++)
    crc = (table[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The checksum in TFRecord's masked form: rotated, plus a constant. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
