// Columns of texts among the columns to train on.
import { type CompleteTrainConfig, tableReading } from "@dsbm/config";
import { openRows, textColumnsOf } from "@dsbm/data";
import { ownOptions } from "@dsbm/datasets";

/**
 * The columns of texts of the source that have no other use; [] for other data, and if the user chose categories.
 * @throws the errors of reading.
 */
export async function textColumns(config: CompleteTrainConfig): Promise<string[]> {
  const path = /^table:(.+)$/s.exec(config.Dataset)?.[1];
  if (path === undefined || config.data.categories !== null) return [];
  const source = await openRows(path, tableReading(config.data));
  try {
    return textColumnsOf(source, ownOptions("x0", config));
  } finally {
    source.close();
  }
}
