// What a wide matrix of a .h5ad file shows before its columns are chosen.
import { type CompleteTrainConfig, tableReading } from "@dsbm/config";
import { type ColumnVariability, mostNarrowColumns, openRows, tableFormat } from "@dsbm/data";
import type { DataWork } from "@dsbm/datasets";
import { showRows } from "@dsbm/runs";

/**
 * Reads how much the columns of a wide .h5ad matrix vary; null for other data, few columns, and where the user chose
 * columns, principal components or a scale.
 * @throws the errors of reading.
 */
export async function matrixFacts(
  { Dataset, data }: Pick<CompleteTrainConfig, "Dataset" | "data">,
  { progress, signal }: Pick<DataWork, "progress" | "signal">,
): Promise<ColumnVariability | null> {
  const path = /^table:(.+)$/s.exec(Dataset)?.[1];
  const isChosen = [data.columns, data.components, data.normalise].some((value) => value !== null);
  if (path === undefined || tableFormat(path) !== "h5ad" || isChosen || data.log1p) return null;
  const source = await openRows(path, tableReading(data));
  try {
    const columns = source.columns.filter(({ beside }) => !beside).length;
    if (columns <= mostNarrowColumns || !source.variability) return null;
    const show = showRows(progress, `reading counts of ${path}`);
    const onRows = (done: number) => show({ done, total: source.rows });
    return await source.variability({ signal, onRows });
  } finally {
    source.close();
  }
}
