import * as zlib from "node:zlib";

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32ByTable(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** CRC-32 (IEEE 802.3, reflected) of bytes, after bytes whose CRC-32 is `before`. */
export const crc32: (bytes: Uint8Array, before?: number) => number =
  typeof zlib.crc32 === "function" ? (bytes, before) => zlib.crc32(bytes, before) : crc32ByTable;
