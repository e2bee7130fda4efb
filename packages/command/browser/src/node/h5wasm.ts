// HDF5 has files of its own in memory: a file is copied there before it is opened.
import { readFileSync } from "node:fs";
import * as h5 from "h5wasm";

export { Dataset, Group, ready } from "h5wasm";

function place(path: string): string {
  const name = path.replaceAll("/", "_");
  (h5.FS as unknown as { writeFile(name: string, bytes: Uint8Array): void }).writeFile(
    name,
    readFileSync(path),
  );
  return name;
}

/** A copy of a file, to read. */
export class File extends h5.File {
  constructor(path: string, ...options: never[]) {
    super(place(path), ...options);
  }
}
