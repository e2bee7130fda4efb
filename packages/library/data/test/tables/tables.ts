// What the tests of tables share: both splits of a table, and their values.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadTable, type OwnOptions, prepareTable, type Table } from "@dsbm/data";
import { tidy } from "@dsbm/torch";

/** Options of a test: of the table, and of its split. */
export interface TableTestOptions extends OwnOptions {
  test_fraction?: number;
  seed?: number;
  n?: number;
}

/** Both splits of a table with this text, in a folder. */
export async function loadText(directory: string, text: string, options: TableTestOptions = {}) {
  const path = join(directory, "t.csv");
  writeFileSync(path, text);
  return { path, ...(await loadPath(path, directory, options)) };
}

/** Both splits of a table. */
export async function loadPath(path: string, directory: string, options: TableTestOptions) {
  const { test_fraction, seed, n, ...table } = options;
  const all = {
    ...{ directory, table },
    ...(test_fraction && { test_fraction }),
    ...(seed && { seed }),
    ...(n && { n }),
  };
  const one = async (split: "train" | "test") => {
    await prepareTable(`table:${path}`, { ...all, split });
    return loadTable(`table:${path}`, { ...all, split });
  };
  return { train: await one("train"), test: await one("test") };
}

/** The values of rows, with the offset added again. */
export const tableValues = ({ x, facts }: Table) =>
  tidy(() => {
    const flat = x.toNumbers();
    const d = facts!.columns.length;
    return Array.from({ length: flat.length / d }, (_, i) =>
      facts!.offset.map((offset, k) => flat[i * d + k] + offset),
    );
  });
