// Rows of vectors in the data's own units and as networks take them: standardised columns, and coordinates along principal
// components, of runs of tables; other runs take vectors as they are.
import { applyTransform, type NumberColumn, undoTransform } from "@dsbm/data";
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import { readProjection } from "./projection.js";
import type { Trained } from "./trained.js";

export interface Units {
  /** Columns in the data's own units. */
  width: number;
  /** Columns of equal length as networks take them, [n, …] float32 on the processor, kept. */
  apply(columns: readonly Float64Array[]): Tensor;
  /** The way back. */
  undo(x: Tensor): Float64Array[];
  /** The precision that a column needs: float32 resolves a column's spread where its mean is not too far away. */
  dtype(column: number): NumberColumn["dtype"];
  dispose(): void;
}

/** |mean| / std beyond which float32 has fewer than four digits for the spread of a column. */
const farAway = 1000;

export function unitsOf({ columns, folder, shape, config }: Trained): Units {
  const [d] = shape as [number];
  if (columns === null) {
    return {
      width: d,
      apply: (given) => rowsOf(given),
      undo: (x) => columnsOf(x),
      dtype: () => "float32",
      dispose() {},
    };
  }
  const { transform } = columns;
  const projection = config.data.components === null ? null : readProjection(folder);
  return {
    width: transform.mean.length,
    apply(given) {
      const rows = applyTransform(transform, given);
      return tidy(() => {
        const x = tensor(rows, { shape: [rows.length / given.length, given.length] });
        return (projection ? projection.project(x) : x).keep();
      });
    },
    undo: (x) =>
      tidy(() => {
        const z = projection ? projection.reconstruct(x) : x;
        return undoTransform(transform, z.contiguous().toArray() as Float32Array);
      }),
    dtype(k) {
      const [mean, std] = [transform.mean[k] as number, transform.std[k] as number];
      const coarse = std === 0 ? Math.fround(mean) !== mean : Math.abs(mean) > farAway * std;
      return coarse && !transform.log1p ? "float64" : "float32";
    },
    dispose: () => projection?.dispose(),
  };
}

function rowsOf(columns: readonly Float64Array[]): Tensor {
  const [d, n] = [columns.length, columns[0]?.length ?? 0];
  const rows = new Float32Array(n * d);
  for (const [k, column] of columns.entries())
    for (let i = 0; i < n; i++) rows[i * d + k] = column[i] as number;
  return tidy(() => tensor(rows, { shape: [n, d] }).keep());
}

function columnsOf(x: Tensor): Float64Array[] {
  const [n, d] = x.shape as [number, number];
  const rows = x.contiguous().toArray() as Float32Array;
  return Array.from({ length: d }, (_, k) => {
    const column = new Float64Array(n);
    for (let i = 0; i < n; i++) column[i] = rows[i * d + k] as number;
    return column;
  });
}
