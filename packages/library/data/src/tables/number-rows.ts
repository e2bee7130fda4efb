// Columns of numbers as rows.

/** Columns of n values each as rows [n, d], value by value. */
export function toRows(
  columns: readonly Float64Array[],
  dtype: "float32" | "float64",
): Float32Array | Float64Array {
  const d = columns.length;
  const n = columns[0]?.length ?? 0;
  const rows = dtype === "float64" ? new Float64Array(n * d) : new Float32Array(n * d);
  for (const [k, column] of columns.entries())
    for (let i = 0; i < n; i++) rows[i * d + k] = column[i];
  return rows;
}
