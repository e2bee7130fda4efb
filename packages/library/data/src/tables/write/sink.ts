// A file that grows by appended bytes.
import { closeSync, fsyncSync, openSync } from "node:fs";
import { writeAll } from "@dsbm/files";

/** Creates a file that grows. It and its methods throw system errors. */
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
