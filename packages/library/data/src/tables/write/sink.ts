import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

export interface Sink {
  write(bytes: Uint8Array): void;
  /** Flushes onto the disk. */
  close(): void;
  /** A second call does nothing. */
  abandon(): void;
}

/** A growing file. Throws system errors. */
export function openSink(path: string): Sink {
  const file = openSync(path, "w");
  let open = true;
  const abandon = () => {
    if (open) closeSync(file);
    open = false;
  };
  return {
    write(bytes) {
      for (let done = 0; done < bytes.length; )
        done += writeSync(file, bytes, done, bytes.length - done);
    },
    close() {
      fsyncSync(file);
      abandon();
    },
    abandon,
  };
}
