// A zip archive of files that are there already, stored as they are: what NumPy reads as .npz.
import { createReadStream, statSync } from "node:fs";
import { Zip, ZipPassThrough } from "fflate";
import { invalidOption } from "../../../errors.js";
import type { Sink } from "../sink.js";

export interface ZipMember {
  /** The name within the archive. */
  name: string;
  /** Where its bytes are. */
  path: string;
}

/** An archive without 64-bit fields ends before this. */
const most = 2 ** 32 - 2 ** 20;

/** Writes an archive. Throws a DatasetError beyond 4 GiB, and the system's errors. */
export async function writeStoredZip(sink: Sink, members: readonly ZipMember[]): Promise<void> {
  const total = members.reduce((sum, { path }) => sum + statSync(path).size, 0);
  if (total > most)
    throw invalidOption(
      `an .npz file of ${(total / 2 ** 30).toFixed(1)} GiB: expected at most 4 GiB; write .npy or .parquet instead`,
    );
  const chunks: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    chunks.push(chunk);
  });
  const drain = async () => {
    for (const chunk of chunks.splice(0)) await sink.write(chunk);
  };
  for (const { name, path } of members) {
    const member = new ZipPassThrough(name);
    // The same rows make the same file.
    member.mtime = new Date(1980, 0, 1);
    zip.add(member);
    for await (const bytes of createReadStream(path, { highWaterMark: 2 ** 22 })) {
      member.push(bytes as Buffer);
      await drain();
    }
    member.push(new Uint8Array(0), true);
    await drain();
  }
  zip.end();
  await drain();
}
