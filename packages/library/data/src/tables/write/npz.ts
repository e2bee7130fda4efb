import { createReadStream, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { temporaryPath } from "@dsbm/files";
import { Zip, ZipPassThrough } from "fflate";
import { invalidOption } from "../../errors.js";
import { openArrayWriter } from "./array.js";
import { openSink } from "./sink.js";
import type { TableColumns, TableWriter } from "./table-writer.js";

/** fflate writes archives without 64-bit fields, which end before this size. */
const most = 2 ** 32 - 2 ** 20;

/** Writes an archive; `arrays` maps keys to .npy files. Throws `InvalidOption` beyond 4 GiB, and system errors. */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, string>>,
): Promise<void> {
  const total = Object.values(arrays).reduce((sum, file) => sum + statSync(file).size, 0);
  if (total > most)
    throw invalidOption(
      `an .npz file of ${(total / 2 ** 30).toFixed(1)} GiB: expected at most 4 GiB; write .npy or .parquet instead`,
    );
  const sink = openSink(path);
  let chunks: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    chunks.push(chunk);
  });
  const drain = async () => {
    for (const chunk of chunks) await sink.write(chunk);
    chunks = [];
  };
  try {
    for (const [key, file] of Object.entries(arrays)) {
      const member = new ZipPassThrough(`${key}.npy`);
      member.mtime = new Date(1980, 0, 1);
      zip.add(member);
      for await (const bytes of createReadStream(file, { highWaterMark: 2 ** 22 })) {
        member.push(bytes as Buffer);
        await drain();
      }
      member.push(new Uint8Array(0), true);
    }
    zip.end();
    await drain();
    await sink.close();
  } finally {
    sink.abandon();
  }
}

export function openNpzWriter(path: string, columns: TableColumns): TableWriter {
  const array = temporaryPath(dirname(path));
  const numbers = openArrayWriter(array, columns);
  return {
    write: numbers.write,
    async close() {
      try {
        await numbers.close();
        await writeNpz(path, { x: array });
      } finally {
        rmSync(array, { force: true });
      }
    },
    abandon() {
      numbers.abandon();
      rmSync(array, { force: true });
    },
  };
}
