// Hashes by noble, random numbers by the browser.

import { Buffer } from "node:buffer";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";

const hashes = { sha1, sha256 };

/** A hash that takes texts in UTF-8 and bytes, as Node's. */
export function createHash(name: keyof typeof hashes) {
  const hash = hashes[name].create();
  const made = {
    update(data: string | ArrayBufferView) {
      const bytes =
        typeof data === "string"
          ? Buffer.from(data)
          : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      hash.update(bytes as Uint8Array<ArrayBuffer>);
      return made;
    },
    digest: (encoding: BufferEncoding) => Buffer.from(hash.digest()).toString(encoding),
  };
  return made;
}

/** Random bytes. */
export const randomBytes = (count: number): Buffer =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(count)));

/** A random name. Pages from files have no `crypto.randomUUID`. */
export const randomUUID = (): string => randomBytes(16).toString("hex");
