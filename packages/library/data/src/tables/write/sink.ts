// A growing file, plain or as gzip in members of some megabytes, which every reader takes as one
// file.
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const compress = promisify(gzip);

const memberSize = 2 ** 22;

export interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes onto the disk. */
  close(): Promise<void>;
  /** A second call does nothing. */
  abandon(): void;
}

/** Throws system errors. */
export function openSink(path: string, { gzipped = false } = {}): Sink {
  const file = openSync(path, "w");
  let open = true;
  let waiting: Uint8Array[] = [];
  let held = 0;
  const put = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; )
      done += writeSync(file, bytes, done, bytes.length - done);
  };
  const member = async () => {
    const bytes = Buffer.concat(waiting);
    waiting = [];
    held = 0;
    put(await compress(bytes));
  };
  const abandon = () => {
    if (open) closeSync(file);
    open = false;
  };
  return {
    async write(bytes) {
      if (!gzipped) return put(bytes);
      waiting.push(bytes);
      held += bytes.length;
      if (held >= memberSize) await member();
    },
    async close() {
      if (gzipped && held > 0) await member();
      fsyncSync(file);
      abandon();
    },
    abandon,
  };
}
