// Source at time 0; target at time 1, which may be a Gaussian.

import { z } from "zod";
import {
  allOrNames,
  cell,
  counted,
  file,
  flag,
  follows,
  key,
  named,
  names,
  oneOf,
  orNull,
  sized,
} from "../schema/kinds.js";

export const data = {
  Dataset: named("mnist", "data at time 0", [
    "mnist",
    "mnist_2",
    "folder:PATH",
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
    "data at times between, in their order: one bridge goes through all of them",
    ["table:day_3.csv", "table:day_4.csv"],
  ),
  times: orNull(
    z.array(z.number()).min(2),
    "with Dataset_between: the time of each data set, in your own units; null: equally spaced from 0 to 1",
    [2, 3, 7],
  ),
  transfer: flag(true, "data at both ends; false: N(mean_final, var_final) at time 1"),
  pairs: file(
    "rows that are known to belong together: a table of two columns, rows of both ends from 1 on or values of data.id",
    "known.csv",
  ),
  mean_final: key(z.number(), 0, "mean of the Gaussian at time 1"),
  var_final: sized(1, "variance of the Gaussian at time 1"),
  adaptive_mean: flag(false, "take the mean of the Gaussian at time 1 from the data"),
  final_adaptive: flag(false, "take mean and variance of the Gaussian at time 1 from the data"),
  cdsb: flag(false, "the network also receives the data's condition"),
  wavenumber: key(
    z.union([0, 1, 2, 4, 8, 16].map((n) => z.literal(n))),
    0,
    "downscaler data: the segment of this wavenumber, 0 for all",
  ),
  data: z.strictObject({
    image_size: counted(28, "height and width of an image"),
    channels: counted(1, "channels of an image"),
    cond_channels: key(z.int().min(0), 0, "channels of the condition"),
    random_flip: flag(false, "mirror training images at random"),
    dim: follows("dimensions of drawn vectors; null is the data set's own", 5),
    a: key(z.number(), 0.1, "gaussian: the means are -a and a in every coordinate"),
    components: follows("project both ends on so many principal components; null: do not", 64),
    dataset: file("a label of the data, for references in other keys", "mnist_to_emnist"),
    n_train: follows(
      "training samples: so many are drawn, or the first ones of files; null is all there are",
      2000,
    ),
    n_test: orNull(z.int().min(2), "the same of the samples to test", 500),
    test_fraction: key(
      z.number().gt(0).lt(1),
      0.1,
      "part of a folder of pictures, an array or a table that is held out",
    ),
    columns: names("tables: the columns to train on; null is all with numbers", ["x", "y"]),
    exclude: names("tables: columns to leave out", ["id"]),
    keep: names("tables: columns that samples carry along unchanged", ["id"]),
    condition: file("tables: the column, numbers or classes, that networks receive", "age"),
    classes: file(
      "tables: as data.condition, for a column whose numbers are codes of classes",
      "cluster",
    ),
    range: allOrNames(
      "tables: columns whose generated values are held to the data's range, or to a written one; true is all",
      ["rain:0..", "share:0..1", "age"],
    ),
    integer: allOrNames(
      "tables: columns whose generated values are rounded to whole numbers; true is all that hold only such",
      ["children"],
    ),
    id: file("tables: the column that names the rows for pairs=FILE; it is not trained on", "id"),
    missing: oneOf(["error", "drop"], "error", "tables: what becomes of rows with missing values"),
    log1p: flag(false, "tables: train on log(1 + x)"),
    standardise: oneOf(
      ["columns", "global", "none"],
      "columns",
      "tables: subtract the mean of both ends and divide by their deviation, of each column or of all together",
    ),
    split_by: file("one table for both ends: the column that tells their rows apart", "day"),
    source: cell(
      "its value in the rows at time 0: a text or number, a year or month of dates, or a range such as 1990..1999",
      "before",
    ),
    between: names("its values in the rows at times between, in their order", ["3", "4"]),
    target: cell("its value in the rows at time 1", "after"),
    where: file("tables: a condition on columns; other rows are left out", "day < 7"),
    decimal: oneOf([".", ","], ".", "decimal sign of .csv and .tsv"),
    header: flag(true, "whether the first line of .csv and .tsv names the columns"),
    key: file("the array of a .npz file; null where it has one", "x"),
    layer: file("the matrix of a .h5ad file: X, a layer, or an entry of obsm; null is X", "X_pca"),
  }),
};

/** The column that networks are conditioned on, whether its cells are taken as they are or as codes of classes. */
export const conditionColumn = ({
  condition,
  classes,
}: {
  condition: string | null;
  classes: string | null;
}): string | null => condition ?? classes;

/** Process times, from 0 to 1, of times in the user's units. */
export function processTimes(
  { times }: { times: readonly number[] | null },
  own: readonly number[],
): number[] {
  const from = times?.[0] ?? 0;
  const length = (times?.at(-1) ?? 1) - from;
  return own.map((time) => (time - from) / length);
}
