import { closeSync, fsyncSync, openSync } from "node:fs";
import { writeAll } from "@dsbm/files";

/** A growing file. Throws system errors. */
export function openSink(path: string) {
  const file = openSync(path, "w");
  let open = true;
  /** A second call does nothing. */
  const abandon = () => {
    if (open) closeSync(file);
    open = false;
  };
  return {
    write: (bytes: Uint8Array) => writeAll(file, bytes),
    /** Flushes onto the disk. */
    close() {
      fsyncSync(file);
      abandon();
    },
    abandon,
  };
}
