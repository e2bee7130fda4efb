import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { DatasetError, reason } from "../../errors.js";
import { checkUnpacked, type UnpackLimits } from "../../files/archive.js";

const part = 2 ** 18;

/** The bytes of a file, unpacked by its ending .gz. Throws `Unreadable`, and `BadGzip` for damage and for too much. */
export async function* readParts(
  path: string,
  { size, limits }: { size: number; limits?: UnpackLimits | undefined },
): AsyncGenerator<Buffer> {
  if (size === 0) return;
  const isPacked = /\.gz$/i.test(path);
  const file = createReadStream(path, { highWaterMark: part });
  const parts = isPacked ? pipeline(file, createGunzip({ chunkSize: part }), () => {}) : file;
  const cure = "unpack it with gunzip and give the unpacked file";
  let total = 0;
  try {
    for await (const bytes of parts) {
      total += (bytes as Buffer).length;
      if (isPacked) checkUnpacked(path, total, "BadGzip", { size, limits, cure });
      yield bytes as Buffer;
    }
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    const isSystem = (error as NodeJS.ErrnoException).syscall !== undefined;
    throw isSystem
      ? new DatasetError("Unreadable", `${path}: ${reason(error)}`)
      : new DatasetError(
          "BadGzip",
          `${path}: cannot be unpacked (${reason(error)}): copy or download it again`,
        );
  }
}
