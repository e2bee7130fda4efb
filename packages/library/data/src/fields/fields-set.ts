// Datasets of NetCDF files and Zarr folders.
import { basename, dirname, join, relative, resolve } from "node:path";
import { sha256 } from "@dsbm/files";
import { io, tensor, tidy } from "@dsbm/torch";
import {
  type DataSet,
  defaultFraction,
  newTable,
  type Preparation,
  rowCount,
  type SetOptions,
  type Table,
} from "../data-set.js";
import { DatasetError } from "../errors.js";
import { checkPrepared, contentDigest, isFolder, prepareFolder } from "../files/read.js";
import { aboutFields, fieldFactsVersion, readFieldFacts } from "./field-facts.js";
import { prepareFields } from "./prepare.js";
import { checkFields, filesBelow } from "./read/open.js";

/**
 * The fields of a NetCDF file or of a Zarr folder: variables are channels, times are rows. Mapped float32 [n, C, H, W] after
 * the transform, 0 in cells without values (`fields`). A random share (`test_fraction`) by seed and number of
 * fields is the test split.
 */
export function fieldsSet(path: string): DataSet {
  return {
    about: "the fields of a NetCDF file or of a Zarr folder",
    prepare: (options) => prepare(path, options),
    load: (options) => load(path, options),
  };
}

async function prepare(path: string, options: SetOptions & Preparation): Promise<void> {
  const { name, split, seed = 0, signal, progress } = options;
  const folder = preparedFolder(path, options);
  await prepareFolder(
    folder,
    async (temporary) => {
      await prepareFields(path, temporary, {
        ...options.fields,
        seed,
        signal,
        fraction: options.test_fraction ?? defaultFraction,
        progress: (state) => progress?.({ name, split, ...state }),
      });
      if (preparedFolder(path, options) !== folder)
        throw new DatasetError(
          "ChangedFile",
          `${path}: changed while it was read: expected a finished file; wait until it is written, and start again`,
        );
    },
    options.checkFolder,
  );
}

function load(path: string, options: SetOptions): Table {
  const { name, split, n } = options;
  const folder = preparedFolder(path, options);
  checkPrepared(folder, `${name} (${split})`);
  const facts = readFieldFacts(join(folder, "facts.json"));
  const rows = facts.rows[split];
  const count = rowCount(n, rows.length, { name, split });
  return tidy(() =>
    newTable({
      name,
      split,
      source: aboutFields(facts),
      fields: facts,
      x: io.mapNpy(join(folder, `rows_${split}.npy`)).narrow(0, 0, count),
      origin: { rows: tensor(rows.slice(0, count)), total: facts.total },
    }),
  );
}

/** The SHA-256 of a file, or of the names and contents of the files of a folder. Throws `Unreadable`. */
export function fieldsDigest(path: string): string {
  if (!isFolder(path)) return contentDigest(path);
  const digests = filesBelow(path)
    .map((file) => `${relative(path, file.path)} ${contentDigest(file.path)}`)
    .sort();
  return sha256(digests.join("\n"));
}

function preparedFolder(path: string, options: SetOptions): string {
  checkFields(path);
  const { directory, fields = {}, seed = 0, test_fraction = defaultFraction } = options;
  const facts = [fieldFactsVersion, resolve(path), fieldsDigest(path), seed, test_fraction, fields];
  const digest = sha256(JSON.stringify(facts)).slice(0, 16);
  const name = `${basename(path).replace(/[^\w.-]+/g, "-")}-${digest}`;
  return join(directory ?? dirname(resolve(path)), "prepared", name);
}
