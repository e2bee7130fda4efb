// Writes rows into a copy of a .h5ad file, or as a table. A file appears when it is complete.
import {
  type CarriedCell,
  type CarriedColumn,
  copyH5ad,
  type NumberColumn,
  type OutputFormat,
  openTableWriter,
  type TableWriter,
  toRows,
  type UnsValue,
} from "@dsbm/data";
import { errnoOf, fileError, stageFile } from "@dsbm/files";

interface SinkBatch {
  count: number;
  /** Row numbers of a .h5ad file, from 0. */
  rows?: Int32Array | undefined;
  carried: readonly (readonly CarriedCell[])[];
  /** In the data's own units, by part and column; NaN without a value. */
  values: readonly (readonly Float64Array[])[];
}

/** A file that takes rows. Disposing it before `commit` leaves nothing. */
interface Sink extends Disposable {
  put(batch: SinkBatch): Promise<void>;
  /** Completes the file; a .h5ad file keeps the record of the command. */
  commit(command: "sample" | "annotate", record: () => UnsValue): Promise<void>;
}

const writingTo =
  (path: string) =>
  async <T>(operation: () => T | Promise<T>): Promise<T> => {
    try {
      return await operation();
    } catch (error) {
      throw errnoOf(error) === undefined ? error : fileError("write", path, error);
    }
  };

/** A copy of the .h5ad file `source` with further parts: matrices in obsm, or columns in obs. */
export async function h5adSink(
  path: string,
  source: string,
  added: readonly { obsm: string | null; columns: readonly string[] }[],
): Promise<Sink> {
  const staged = stageFile(path);
  const writing = writingTo(path);
  const copy = await writing(() => copyH5ad(source, staged.temporary)).catch((error) => {
    staged.discard();
    throw error;
  });
  const parts = await writing(() =>
    added.map(({ obsm, columns }) =>
      obsm === null ? columns.map((name) => copy.obs(name)) : copy.obsm(obsm, columns.length),
    ),
  );
  return {
    put: ({ rows = new Int32Array(), values }) =>
      writing(() => {
        for (const [k, part] of parts.entries()) {
          const columns = values[k] as readonly Float64Array[];
          if (typeof part === "function") part(toRows(columns, "float32"), rows);
          else
            for (const [c, write] of part.entries())
              write(Float32Array.from(columns[c] as Float64Array), rows);
        }
      }),
    async commit(command, record) {
      await writing(() => {
        copy.uns("dsbm", command, record());
        copy.close();
      });
      staged.commit();
    },
    [Symbol.dispose]() {
      copy.abandon();
      staged.discard();
    },
  };
}

/** A table of kept columns and columns of numbers. */
export function tableSink(
  path: string,
  options: {
    format: OutputFormat;
    carried: readonly CarriedColumn[];
    columns: readonly NumberColumn[];
  },
): Sink {
  const staged = stageFile(path);
  const writing = writingTo(path);
  let writer: TableWriter | null = null;
  const open = () => {
    writer ??= openTableWriter(staged.temporary, options);
    return writer;
  };
  return {
    put: ({ count, carried, values }) =>
      writing(() => open().write({ count, numbers: values.flat(), carried })),
    async commit() {
      await writing(() => open().close());
      staged.commit();
    },
    [Symbol.dispose]() {
      writer?.abandon();
      staged.discard();
    },
  };
}
