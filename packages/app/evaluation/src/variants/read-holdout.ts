import { ConfigError, tableReading } from "@dsbm/config";
import {
  type ColumnCategory,
  checkOneModel,
  cleanRows,
  type EmbeddingPlace,
  embedCategories,
  openRows,
  type ReadOptions,
  selectColumns,
} from "@dsbm/data";
import { nounOf } from "@dsbm/files";
import { columnsLike } from "@dsbm/inference";
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import type { MetricData } from "../metric.js";

/**
 * Rows [n, d] of a table of any format that `dsbm fit` reads, float32; the caller owns them.
 * @throws {ConfigError} for a file without the run's columns, and a DatasetError for coordinates of another model.
 */
export async function readHoldout(path: string, { datasets, config }: MetricData): Promise<Tensor> {
  if (datasets.shape.length !== 1 || datasets.projection)
    throw new ConfigError(
      `holdout=${path}: this is a run of images; a hold-out needs a run of vectors`,
    );
  const [d] = datasets.shape;
  const { where } = config.data;
  const names = datasets.columns?.names ?? null;
  const { categories = [], model } = datasets.columns ?? {};
  const options = { ...tableReading(config.data), key: undefined };
  const like = { names, d, categories, model };
  return (await readRows(path, { ...like, where: where ?? undefined, options })).rows;
}

/**
 * Rows [n, d] of a table, the names of its columns, and how many rows with missing values were dropped; `names` and `d` are the expected values, if
 * known (else all of numbers without `exclude`), and `model` is the file whose coordinates these should be.
 * @throws {ConfigError} for other columns and for fewer than 4 rows, and a DatasetError for texts and for coordinates of another model.
 */
export async function readRows(
  path: string,
  {
    names,
    d,
    exclude,
    where,
    missing,
    options,
    categories = [],
    model,
  }: {
    names: readonly string[] | null;
    d: number | null;
    categories?: readonly ColumnCategory[];
    exclude?: readonly string[];
    where?: string | undefined;
    /** Rows with missing values are errors (default), or dropped. */
    missing?: "error" | "drop";
    options?: ReadOptions;
    model?: EmbeddingPlace | undefined;
  },
): Promise<{ rows: Tensor; names: string[]; model: EmbeddingPlace; dropped: number }> {
  const file = await openRows(path, options);
  try {
    const place = { path, embedding: file.embedding };
    if (model) checkOneModel(model, place);
    const source = embedCategories(file, categories);
    const columns =
      d === null
        ? selectColumns(source, { exclude, where }).trained
        : columnsLike(source, { names, width: d, like: "the other data" });
    const values: number[][] = [];
    let dropped = 0;
    async function* cleaned() {
      ({ dropped } = yield* cleanRows(source, { numbers: columns, where, missing }));
    }
    for await (const { count, numbers } of cleaned())
      for (let i = 0; i < count; i++) values.push(numbers.map((column) => column[i]));
    if (values.length < 4)
      throw new ConfigError(
        `${path} has ${values.length} ${nounOf(values.length, "row")}${dropped > 0 ? " without missing values" : ""}; expected 4 or more`,
      );
    const rows = tidy(() => tensor(values, { dtype: "float32" }).keep());
    return { rows, names: columns, model: place, dropped };
  } finally {
    file.close();
  }
}
