// Which columns of results.csv are metrics, and what each is compared with: told by their names.

/** Columns that say where an evaluation was made, or how long it took. */
const places = new Set([
  "half_iteration",
  "iteration",
  "direction",
  "step",
  "steps",
  "n",
  "nfe",
  "sampler",
  "split",
  "seconds",
  "seconds_per_batch",
]);

function referencesOf(column: string): string[] {
  const names = ["data_", "exact_", "independent_"].map((prefix) => prefix + column);
  if (column.startsWith("kl_")) names.push(column.replace("kl_", "floor_"));
  if (column.startsWith("end_")) names.push(column.replace("end_", "data_"));
  return names;
}

/** The column that each metric of a table is compared with; columns that are references themselves are left out. */
export function metricsOf(columns: readonly string[]): Map<string, string | null> {
  const found = new Map<string, string | null>();
  const used = new Set<string>();
  for (const column of columns) {
    const reference = referencesOf(column).find((name) => columns.includes(name)) ?? null;
    if (reference) used.add(reference);
    if (!places.has(column)) found.set(column, reference);
  }
  for (const name of used) found.delete(name);
  return found;
}
