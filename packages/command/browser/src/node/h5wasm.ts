// HDF5 has files of its own in memory: a file is copied there before it is opened.
import { readFileSync } from "node:fs";
import * as h5 from "h5wasm";

export { Dataset, Group } from "h5wasm";

/** The files of HDF5. */
interface Files {
  writeFile(name: string, bytes: Uint8Array): void;
}

let files: Files;

/** The library, once it is compiled. */
const hdf5Library: typeof h5.ready = h5.ready.then((library) => {
  files = library.FS as unknown as Files;
  return library;
});

export { hdf5Library as ready };

function place(path: string): string {
  const name = path.replaceAll("/", "_");
  files.writeFile(name, readFileSync(path));
  return name;
}

/** A copy of a file, to read. */
export class File extends h5.File {
  constructor(path: string, ...options: never[]) {
    super(place(path), ...options);
  }
}
