import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { withPlainFile } from "./read.js";

/** The SHA-256 of bytes, or of a text in UTF-8. */
export const sha256 = (data: string | NodeJS.ArrayBufferView): string =>
  createHash("sha256").update(data).digest("hex");

/**
 * The SHA-256 of a plain file of any size.
 * @throws {FileError}
 */
export function sha256OfFile(path: string): string {
  return withPlainFile(path, (fd) => {
    const hash = createHash("sha256");
    const block = Buffer.allocUnsafe(1 << 20);
    for (;;) {
      const count = readSync(fd, block);
      if (count === 0) return hash.digest("hex");
      hash.update(block.subarray(0, count));
    }
  });
}
