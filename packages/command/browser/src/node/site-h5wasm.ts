// HDF5 for a page of one file: megabytes in a script next to the page, which is loaded with the first .h5ad file.
import { FileError } from "@dsbm/files";
import type * as H5 from "h5wasm";

const scope = globalThis as unknown as {
  h5wasm: typeof H5;
  pageAddress: string;
  importScripts(address: string): void;
};

function load(): typeof H5 {
  try {
    scope.importScripts(new URL("try-h5ad.js", scope.pageAddress).href);
  } catch (cause) {
    const cure =
      "open this page on the site of the documents, or write the table as CSV or parquet";
    throw new FileError(
      "not_found",
      `a page without its try-h5ad.js cannot read .h5ad files: ${cure}`,
      { cause },
    );
  }
  return scope.h5wasm;
}

const library = load();
/** As the library has them. */
export const { File, Dataset, Group } = library;
/** The library, once it is compiled. */
const hdf5Library: typeof H5.ready = library.ready;

export { hdf5Library as ready };
