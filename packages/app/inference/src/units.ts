// Rows of vectors in the data's own units and as networks take them: standardised columns, and coordinates along principal
// components, of runs of tables; other runs take vectors as they are.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "@dsbm/config";
import { applyTransform, type NumberColumn, Projection, undoTransform } from "@dsbm/data";
import { checkFiles } from "@dsbm/runs";
import { io, type Tensor, tensor, tidy } from "@dsbm/torch";
import type { Trained } from "./trained.js";

export interface Units {
  /** Columns in the data's own units. */
  width: number;
  /** Columns of equal length as networks take them, [n, …] float32 on the processor, kept. */
  apply(columns: readonly Float64Array[]): Tensor;
  /** The way back. */
  undo(x: Tensor): Float64Array[];
  /**
   * Columns of an output, with the names of the run, else those that are given, else x0, x1, … A column is float64 where
   * float32 does not resolve its spread, its mean being too far away.
   */
  columns(given?: readonly string[]): NumberColumn[];
  dispose(): void;
}

/** |mean| / std beyond which float32 has fewer than four digits for the spread of a column. */
const farAway = 1000;

/** Reads projection.safetensors of a run; the caller's to dispose. Throws a UsageError, and a FormatError for damage. */
export function readProjection(folder: string): Projection {
  const path = join(folder, "projection.safetensors");
  if (!existsSync(path))
    throw new UsageError(
      `${path} is not there, the principal components that the run was trained in: train it again, or give a .npy file of coordinates`,
    );
  checkFiles(folder, ["projection.safetensors"]);
  const { tensors, metadata } = io.loadTensors(path);
  const [mean, basis] = [tensors.get("mean"), tensors.get("basis")];
  const scale = Number(metadata.scale);
  if (!mean || !basis || !(scale > 0))
    throw new UsageError(`${path} holds no projection: it needs mean, basis and a positive scale`);
  return new Projection(mean, basis, scale, []);
}

export function unitsOf({ columns, folder, shape, config }: Trained): Units {
  const [d] = shape as [number];
  if (columns === null) {
    return {
      width: d,
      apply: (given) => rowsOf(given),
      undo: (x) => columnsOf(x),
      columns: (given) =>
        Array.from({ length: d }, (_, k) => ({ name: given?.[k] ?? `x${k}`, dtype: "float32" })),
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
    columns: (given = columns.names) =>
      (columns.named ? columns.names : given).map((name, k) => {
        const [mean, std] = [transform.mean[k] as number, transform.std[k] as number];
        const coarse = std === 0 ? Math.fround(mean) !== mean : Math.abs(mean) > farAway * std;
        return { name, dtype: coarse && !transform.log1p ? "float64" : "float32" };
      }),
    dispose: () => projection?.dispose(),
  };
}

/** Columns as rows [n, d]. */
export function byRows(columns: readonly Float64Array[], dtype: NumberColumn["dtype"]) {
  const [d, n] = [columns.length, columns[0]?.length ?? 0];
  const rows = dtype === "float64" ? new Float64Array(n * d) : new Float32Array(n * d);
  for (const [k, column] of columns.entries())
    for (let i = 0; i < n; i++) rows[i * d + k] = column[i] as number;
  return { rows, shape: [n, d] };
}

function rowsOf(columns: readonly Float64Array[]): Tensor {
  const { rows, shape } = byRows(columns, "float32");
  return tidy(() => tensor(rows, { shape }).keep());
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
