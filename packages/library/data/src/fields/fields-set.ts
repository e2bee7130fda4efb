// Datasets of NetCDF files and Zarr folders.
import { join, relative } from "node:path";
import { sha256 } from "@dsbm/files";
import { io, type Tensor, tensor, tidy } from "@dsbm/torch";
import { type DataSet, newTable, rowCount, type SetOptions, type Table } from "../data-set.js";
import { preparedSet } from "../files/prepared-set.js";
import { contentDigest, isFolder } from "../files/read.js";
import { axisSeasons, type FieldAxis } from "./cf/axis.js";
import { aboutFields, fieldFactsVersion, readFieldFacts } from "./field-facts.js";
import { prepareFields } from "./prepare.js";
import { checkFields, filesBelow } from "./read/open.js";
import { staticFiles } from "./statics.js";

/**
 * The fields of a NetCDF file or of a Zarr folder: variables are channels, times are rows. Mapped float32 [n, C, H, W] after
 * the transform, 0 in cells without values (`fields`). A random share (`test_fraction`) by seed and number of
 * fields is the test split.
 */
export const fieldsSet = (path: string): DataSet =>
  preparedSet(path, {
    about: "the fields of a NetCDF file or of a Zarr folder",
    originOf({ fields = {} }) {
      const files = staticFiles(fields.static);
      for (const one of [path, ...files]) checkFields(one);
      const statics = files.map(fieldsDigest);
      const options = statics.length > 0 ? [fields, statics] : [fields];
      return { version: fieldFactsVersion, digest: fieldsDigest(path), options };
    },
    prepare: (temporary, { fields }, work) =>
      prepareFields(path, temporary, { ...fields, ...work }),
    load,
  });

function load(folder: string, { name, split, n, fields = {} }: SetOptions): Table {
  const facts = readFieldFacts(join(folder, "facts.json"));
  const rows = facts.rows[split];
  const count = rowCount(n, rows.length, { name, split });
  return tidy(() =>
    newTable({
      name,
      split,
      source: aboutFields(facts),
      fields: facts,
      condition: fields.season ? seasonRows(facts.grid.time, rows.slice(0, count)) : null,
      x: io.mapNpy(join(folder, `rows_${split}.npy`)).narrow(0, 0, count),
      origin: { rows: tensor(rows.slice(0, count)), total: facts.total },
    }),
  );
}

/** The seasons of rows of a file, float32 [n, 1]; null without dates. */
export function seasonRows(time: FieldAxis, rows: readonly number[]): Tensor | null {
  const seasons = axisSeasons(time);
  return (
    seasons &&
    tensor(
      Float32Array.from(rows, (row) => seasons[row]),
      { shape: [rows.length, 1] },
    )
  );
}

/**
 * The SHA-256 of a file, or of the names and contents of the files of a folder.
 * @throws {DatasetError} `Unreadable`
 */
export function fieldsDigest(path: string): string {
  if (!isFolder(path)) return contentDigest(path);
  const digests = filesBelow(path)
    .map((file) => `${relative(path, file.path)} ${contentDigest(file.path)}`)
    .sort();
  return sha256(digests.join("\n"));
}
