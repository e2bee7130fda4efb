import { ConfigError } from "@dsbm/config";
import { cleanRows, firstOf, openRows, type ReadOptions, type RowSource } from "@dsbm/data";
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import type { Subject } from "../subject.js";

/**
 * Rows [n, d] of a table of any format that `dsbm fit` reads, float32; the caller owns them. Throws
 * a ConfigError for a file without the run's columns, and errors of reading.
 */
export async function readHoldout(
  path: string,
  { ends, names, trained }: Pick<Subject, "ends" | "names" | "trained">,
): Promise<Tensor> {
  const refuse = (problem: string) => new ConfigError("usage", `holdout=${path}: ${problem}`);
  if (ends.shape.length !== 1 || ends.projection)
    throw refuse("this is a run of images; a hold-out needs a run of vectors");
  const [d] = ends.shape as [number];
  const { where, decimal, header, layer } = trained.config.data;
  const options = { decimal, header, layer: layer ?? undefined };
  return (await readRows(path, { key: "holdout", names, d, where: where ?? undefined, options }))
    .rows;
}

/**
 * Rows [n, d] of a table and the names of its columns; `names` and `d` are the expected values, if
 * known.
 */
export async function readRows(
  path: string,
  {
    key,
    names,
    d,
    where,
    options,
  }: {
    key: string;
    names: readonly string[] | null;
    d: number | null;
    where?: string | undefined;
    options?: ReadOptions;
  },
): Promise<{ rows: Tensor; names: string[] }> {
  const refuse = (problem: string) => new ConfigError("usage", `${key}=${path}: ${problem}`);
  const source = await openRows(path, options);
  try {
    const columns = columnsOf(source, names, d);
    if (typeof columns === "string") throw refuse(`${columns}, as the other data have`);
    const values: number[][] = [];
    for await (const { count, numbers } of cleanRows(source, { numbers: columns, where }))
      for (let i = 0; i < count; i++) values.push(numbers.map((column) => column[i] as number));
    if (values.length < 4) throw refuse(`${values.length} rows; expected 4 or more`);
    return { rows: tidy(() => tensor(values, { dtype: "float32" }).keep()), names: columns };
  } finally {
    source.close();
  }
}

function columnsOf(
  { columns, named }: RowSource,
  names: readonly string[] | null,
  d: number | null,
): string[] | string {
  const usable = columns.filter(({ kind, beside }) => kind === "number" && !beside);
  if (d === null) return usable.map(({ name }) => name);
  const there = new Set(usable.map(({ name }) => name));
  if (named && names?.length === d) {
    const missing = names.filter((name) => !there.has(name));
    if (missing.length === 0) return [...names];
    return `it has no numbers in a column ${firstOf(missing, 3)}; expected the columns ${firstOf(names, 8)}`;
  }
  if (usable.length === d) return usable.map(({ name }) => name);
  return `it has ${usable.length} columns of numbers; expected ${d}`;
}
