import { z } from "zod";
import {
  allOrNames,
  cell,
  countKey,
  countOrNull,
  file,
  flag,
  key,
  nameKey,
  names,
  oneOf,
  orNull,
  positiveKey,
} from "../schema/kinds.js";

/** Options `data.` of samples: labels, numbers and dimensions. */
const samples = {
  dataset: file("a label of the data", "mnist_to_emnist"),
  n_train: countOrNull(
    "number of training samples, generated or the first of the files; null is all",
    2000,
  ),
  n_test: orNull(z.int().min(2), "number of test samples, as n_train", 500),
  test_fraction: key(
    z.number().gt(0).lt(1),
    0.1,
    "held-out share of an image folder, an array, a table or fields",
  ),
  dim: countOrNull("dimensions of synthetic vectors; null is the dataset's own", 5),
  a: key(z.number(), 0.1, "gaussian: the means are -a and a in every coordinate"),
  components: countOrNull("number of principal components to project on; null: no projection", 64),
  shrink_components: flag(false, "data.components: training rows get the spread of other rows"),
};

/** Options `data.` of the columns of tables. */
const columns = {
  columns: names(
    "tables: the columns to train on; null is all with numbers; hvg:N is the N most variable columns of .h5ad matrices of counts, of all datasets together",
    ["x", "y"],
  ),
  exclude: names("tables: columns to drop", ["id"]),
  categories: names(
    "tables: columns of texts to train on, a coordinate for each of their levels; auto is all of few different texts",
    ["celltype", "site"],
  ),
  keep: names("tables: columns that samples keep unchanged", ["id"]),
  id: file("tables: the column of row ids for pairs=FILE; it is not trained on", "id"),
  condition: file("tables: the condition, a column of numbers or classes", "age"),
  classes: file(
    "tables: like data.condition, for a column whose numbers are codes of classes",
    "cluster",
  ),
  range: allOrNames(
    "tables and fields: columns or variables whose generated values stay in the data's range, or in a given range; true is all",
    ["rain:0..", "share:0..1", "age"],
  ),
  integer: allOrNames(
    "tables: columns whose generated values are rounded to whole numbers; true is all columns of whole numbers",
    ["children"],
  ),
  log1p: flag(false, "tables: train on log(1 + x)"),
  standardise: oneOf(
    ["columns", "global", "robust", "none"],
    "columns",
    "tables and fields: standardise each column or variable (columns), all by one deviation (global), or columns by their middle half, with far values drawn in (robust)",
  ),
  normalise: orNull(
    z.number().positive(),
    ".h5ad files: the total to which the counts of each cell are scaled; null: not",
    10000,
  ),
};

/** Options `data.` of the rows of tables, and of source and target in one table. */
const rows = {
  split_by: file("one table with source and target: the column that separates their rows", "day"),
  source: cell(
    "data.split_by: value of source rows: text, number, year, month, or a range such as 1990..1999",
    "before",
  ),
  between: names("data.split_by: values of intermediate times, in order", ["3", "4"]),
  target: cell("its value in target rows", "after"),
  where: file("tables: use only the rows that match this condition", "day < 7"),
  missing: oneOf(
    ["error", "drop"],
    "error",
    "tables: treatment of rows with missing values; fields: of fields with missing values in cells that others have",
  ),
};

/** Options `data.` of reading tables. */
export const reading = {
  decimal: oneOf([".", ","], ".", "decimal sign of .csv and .tsv"),
  thousands: orNull(
    z.enum([".", ",", "'", "space"]),
    ".csv and .tsv: the sign between thousands; null: none",
    ".",
  ),
  na: names("tables and fields: further marks of missing values, texts or numbers", [
    "n.d.",
    "-999",
  ]),
  booleans: flag(false, "whether true and false in .csv and .tsv are the numbers 1 and 0"),
  header: flag(true, "whether the first line of .csv and .tsv names the columns"),
  key: file("the array of a .npz file; null for a file with one array", "x"),
  layer: file(
    "the matrix of a .h5ad file: X, a layer, an entry of obsm, or raw; null is X",
    "X_pca",
  ),
};

/** Options `data.` of images and fields. */
const images = {
  image_size: countKey(28, "height of an image, and its width without data.image_width"),
  image_width: orNull(z.int().positive(), "width of an image or field; null: as its height", 80),
  channels: countKey(
    1,
    "channels of an image; of image folders 1 (grey), 3 (colour) or 4 (transparency is kept)",
  ),
  background: key(
    z.string().regex(/^(white|black|gray|#[0-9a-fA-F]{6})$/),
    "white",
    "image folders: the colour behind transparent parts, or of clear pixels with data.channels=4: white, black, gray or #rrggbb",
    ["white", "black", "gray", "#c0ffee"],
  ),
  crop: orNull(
    z.int().positive(),
    "images and fields: train on random parts of this height and width; samples are whole",
    64,
  ),
  random_flip: flag(false, "mirror training images at random"),
  latent: countOrNull(
    "images: channels of the latent maps of an autoencoder, trained on both datasets first, between which the bridge runs; null: between pixels",
    8,
  ),
  latent_steps: countKey(2000, "data.latent: training steps of the autoencoder"),
  variables: names(
    "NetCDF and Zarr: the variables, each one a channel, or one for each level, or for a level as ta@850; null: the only one of the file",
    ["pr", "ta@850"],
  ),
  transform: orNull(
    z.enum(["log1p", "sqrt"]),
    "NetCDF and Zarr: train on log(1 + x) or √x of values from 0 on; outputs are in units of the data",
    "sqrt",
  ),
  coarsen: orNull(
    z.string().regex(/^mean:([2-9]|[1-9]\d+)$/),
    "NetCDF and Zarr: coarsen the source: mean:4 is the mean of 4×4 cells, repeated in these cells",
    "mean:4",
  ),
  season: flag(
    false,
    "NetCDF and Zarr: networks also receive the season, by the dates of the fields",
  ),
  static: names(
    "NetCDF and Zarr: static fields that networks also receive, such as the height of the ground: files, or variables of the source without times",
    ["orography.nc", "orog"],
  ),
  cond_channels: key(z.int().min(0), 0, "channels of the condition"),
  cond: names(
    "arrays, with cdsb=true: conditions [n, C′, H, W] of source and target, a file for each; one file serves both",
    ["coarse_condition.npy", "fine_condition.npy"],
  ),
};

/** Options of the two datasets: what they are, and how their files are read. */
export const data = {
  Dataset: nameKey("mnist", "data at time 0", [
    "mnist",
    "mnist_2",
    "folder:PATH",
    "fields:PATH.nc",
    "moons",
    "array:PATH.npy",
    "table:PATH.csv",
  ]),
  Dataset_transfer: key(
    z.string().min(1).nullable(),
    "emnist",
    "data at time 1, with transfer=true",
  ),
  Dataset_between: names(
    "data at intermediate times, in order; one bridge passes through all datasets",
    ["table:day_3.csv", "table:day_4.csv"],
  ),
  times: orNull(
    z.array(z.number()).min(2),
    "with Dataset_between: the time of each dataset, in your own units; null: equally spaced from 0 to 1",
    [2, 3, 7],
  ),
  transfer: flag(true, "data at both times; false: N(mean_final, var_final) at time 1"),
  pairs: file(
    "known pairs: a table of two columns, with row numbers from 1 or values of data.id; rows: equal rows of both files; names: images of equal names",
    "known.csv",
  ),
  mean_final: key(z.number(), 0, "mean of the Gaussian at time 1"),
  var_final: positiveKey(1, "variance of the Gaussian at time 1"),
  adaptive_mean: flag(false, "take the mean of the Gaussian at time 1 from the data"),
  final_adaptive: flag(false, "take mean and variance of the Gaussian at time 1 from the data"),
  cdsb: flag(false, "the network also receives the data's condition"),
  wavenumber: key(
    z.union([0, 1, 2, 4, 8, 16].map((n) => z.literal(n))),
    0,
    "downscaler data: the segment of this wavenumber, 0 for all",
  ),
  data: z.strictObject({ ...samples, ...columns, ...rows, ...reading, ...images }),
};

const inData = (options: object) => Object.keys(options).map((key) => `data.${key}`);

/** The sections of options of datasets, each with its keys. */
export const dataSections: Readonly<Record<string, readonly string[]>> = {
  datasets: [...Object.keys(data), ...inData(samples)],
  "columns of tables": inData(columns),
  "rows of tables": inData(rows),
  "reading of tables": inData(reading),
  "images and fields": inData(images),
};

type ReadingValues = {
  [Key in keyof typeof reading]: z.output<(typeof reading)[Key]>;
};

/** How tables are read: options of `data`, undefined for null. */
export const tableReading = ({
  decimal,
  thousands,
  na,
  booleans,
  header,
  key,
  layer,
  normalise = null,
}: ReadingValues & { normalise?: number | null }) => ({
  decimal,
  thousands: thousands ?? undefined,
  na: na ?? undefined,
  booleans,
  header,
  key: key ?? undefined,
  layer: layer ?? undefined,
  normalise: normalise ?? undefined,
});

/** Pixels of a side up to which an autoencoder halves images twice; it halves larger images three times. */
const twiceHalved = 48;

/** How often the autoencoder of `data.latent` halves images. */
export const latentHalvings = ({
  image_size,
  image_width,
}: Pick<z.output<typeof data.data>, "image_size" | "image_width">): number =>
  Math.max(image_size, image_width ?? 0) <= twiceHalved ? 2 : 3;

/** The condition column, with cells as they are or as codes of classes. */
export const conditionColumn = ({
  condition,
  classes,
}: {
  condition: string | null;
  classes: string | null;
}): string | null => condition ?? classes;

/** Whether each row has a condition that pairs share: a column, or the season of fields. */
export const hasRowCondition = (
  data: Parameters<typeof conditionColumn>[0] & { season: boolean },
): boolean => data.season || conditionColumn(data) !== null;

/** Converts times in the user's units to process times from 0 to 1. */
export function processTimes(
  { times }: { times: readonly number[] | null },
  values: readonly number[],
): number[] {
  const from = times?.[0] ?? 0;
  const length = (times?.at(-1) ?? 1) - from;
  return values.map((time) => (time - from) / length);
}
