// Writes annotations into a copy of a .h5ad file, or a table of all columns.
import {
  type CarriedCell,
  type CarriedColumn,
  copyH5ad,
  type NumberColumn,
  type OutputFormat,
  openTableWriter,
  toRows,
  type UnsValue,
} from "@dsbm/data";
import { type StagedPath, stageFile } from "@dsbm/files";
import { writingTo } from "../output/table.js";
import type { Annotation } from "./annotations.js";

interface AnnotatedBatch {
  count: number;
  /** Row numbers of the file, from 0. */
  rows: Int32Array;
  /** In the data's own units, by column. */
  numbers: readonly Float64Array[];
  carried: readonly (readonly CarriedCell[])[];
  /** By annotation and column. */
  values: readonly (readonly Float64Array[])[];
}

export interface Sink {
  put(batch: AnnotatedBatch): Promise<void>;
  commit(record: UnsValue): Promise<void>;
  discard(): void;
}

/** A copy of the .h5ad file: matrices in obsm, columns in obs, the record in uns. */
export async function h5adSink(
  path: string,
  { source, annotations }: { source: string; annotations: readonly Annotation[] },
): Promise<Sink> {
  const staged = stageFile(path);
  const writing = writingTo(path);
  const copy = await discarding(staged, () => writing(() => copyH5ad(source, staged.temporary)));
  const parts = annotations.map(({ obsm, columns }) =>
    obsm === null
      ? columns.map((name) => ({ name, values: new Float32Array(copy.rows).fill(Number.NaN) }))
      : copy.obsm(obsm, columns.length),
  );
  return {
    put: ({ rows, values }) =>
      writing(() => {
        for (const [k, part] of parts.entries()) {
          const columns = values[k] as readonly Float64Array[];
          if (typeof part === "function") part(toRows(columns, "float32"), rows);
          else
            for (const [c, column] of part.entries())
              for (const [i, row] of rows.entries()) column.values[row] = columns[c]?.[i] as number;
        }
      }),
    async commit(record) {
      await writing(() => {
        for (const part of parts)
          if (typeof part !== "function")
            for (const { name, values } of part) copy.obs(name, values);
        copy.uns("dsbm", "annotate", record);
        copy.close();
      });
      staged.commit();
    },
    discard() {
      copy.abandon();
      staged.discard();
    },
  };
}

/** A table of kept columns, the run's columns and annotations. */
export function tableSink(
  path: string,
  options: {
    format: OutputFormat;
    carried: readonly CarriedColumn[];
    columns: readonly NumberColumn[];
    annotations: readonly Annotation[];
  },
): Sink {
  const { annotations, columns, ...rest } = options;
  const added = annotations.flatMap((one) =>
    one.columns.map((name): NumberColumn => ({ name, dtype: "float32" })),
  );
  const staged = stageFile(path);
  const writing = writingTo(path);
  const writer = openTableWriter(staged.temporary, { ...rest, columns: [...columns, ...added] });
  return {
    put: ({ count, numbers, carried, values }) =>
      writing(() => writer.write({ count, numbers: [...numbers, ...values.flat()], carried })),
    async commit() {
      await writing(() => writer.close());
      staged.commit();
    },
    discard() {
      writer.abandon();
      staged.discard();
    },
  };
}

async function discarding<T>(staged: StagedPath, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    staged.discard();
    throw error;
  }
}
