// TFRecord files: length, its checksum, bytes, their checksum, repeated. The checksum is CRC-32C, which node:zlib does
// not have.
const headerBytes = 12;
const footerBytes = 4;

/** A record of a file. */
export function framed(bytes: Uint8Array): Uint8Array {
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
