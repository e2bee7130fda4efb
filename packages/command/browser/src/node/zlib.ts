// Compression by fflate.
import { Buffer } from "node:buffer";
import { Gunzip, gunzipSync as gunzip, gzipSync as gzip, inflateSync } from "fflate";

const bytesOf = (data: Uint8Array | string) =>
  typeof data === "string" ? Buffer.from(data) : data;
const asBuffer = ({ buffer, byteOffset, length }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, length);

/** Packs bytes. */
export const gzipSync = (data: Uint8Array | string): Buffer =>
  asBuffer(gzip(bytesOf(data), { level: 9, mtime: 0 }));
/**
 * Unpacks bytes.
 * @throws an Error for damaged ones.
 */
export const gunzipSync = (data: Uint8Array): Buffer => asBuffer(gunzip(data));
/** The engine has its own. */
export const crc32 = undefined;
/**
 * Unpacks bytes without a header.
 * @throws an Error for damaged ones.
 */
export const inflateRawSync = (data: Uint8Array): Buffer => asBuffer(inflateSync(data));

/**
 * Unpacks parts one after the other.
 * @throws an Error for damaged ones.
 */
export const createGunzip = () =>
  async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    const parts: Uint8Array[] = [];
    const unpacker = new Gunzip((part) => void parts.push(part));
    const results = () => parts.splice(0).filter(({ length }) => length > 0);
    for await (const bytes of source) {
      unpacker.push(bytes);
      for (const part of results()) yield asBuffer(part);
    }
    unpacker.push(new Uint8Array(0), true);
    for (const part of results()) yield asBuffer(part);
  };
