import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { DatasetError, reason } from "../../errors.js";
import { checkUnpacked, type UnpackLimits } from "../../files/archive.js";

const part = 2 ** 18;

/** Throws `Unreadable`, and `BadGzip` for damage and for too much. */
export async function* readParts(
  path: string,
  {
    gzip = false,
    size,
    limits,
  }: { gzip?: boolean; size: number; limits?: UnpackLimits | undefined },
): AsyncGenerator<Buffer> {
  if (size === 0) return;
  const file = createReadStream(path, { highWaterMark: part });
  const unpacking = gzip ? createGunzip({ chunkSize: part }) : null;
  if (unpacking) {
    file.on("error", (error) => unpacking.destroy(error));
    file.pipe(unpacking);
  }
  const cure = "unpack it with gunzip and give the unpacked file";
  let total = 0;
  try {
    for await (const bytes of unpacking ?? file) {
      total += (bytes as Buffer).length;
      if (unpacking) checkUnpacked(path, total, "BadGzip", { size, limits, cure });
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
  } finally {
    file.destroy();
    unpacking?.destroy();
  }
}
