import { rowsByMass, stream } from "@dsbm/bridge";
import { ConfigError, tableReading } from "@dsbm/config";
import {
  areCopies,
  type ColumnCategory,
  chooseCategories,
  DatasetError,
  type EmbeddingPlace,
  mostLevels,
  openRows,
  RowHashes,
  textColumnsOf,
} from "@dsbm/data";
import { nounOf } from "@dsbm/files";
import { commandOption } from "@dsbm/inference";
import { randperm, type Tensor, tidy } from "@dsbm/torch";
import type { KeptTensors } from "../tensors.js";
import { readRows } from "../variants/read-holdout.js";
import type { ComparedFiles, CompareOptions } from "./compare-files.js";

/**
 * Reads tables of the target's columns, each in random order.
 * @throws {ConfigError} for other columns and coordinates of two models, and errors of reading.
 */
export async function readTables(
  options: CompareOptions,
  tensors: KeptTensors,
): Promise<ComparedFiles> {
  const { weights, seed } = options;
  const { categories, exclude } = await inOptionsOf(options, "target", commonCategories(options));
  const read = async (key: "target" | "generated" | "source", like: TargetColumns | null) => {
    const path = options[key] as string;
    const weight = key === "generated" ? weights : null;
    const wheres = { target: options.where, source: options.source_where, generated: null };
    const reading = readRows(path, {
      names: like && weight ? [...like.names, weight] : (like?.names ?? null),
      d: like && weight ? like.d + 1 : (like?.d ?? null),
      exclude,
      where: wheres[key] ?? undefined,
      missing: options.missing,
      options: tableReading(options),
      categories,
      model: like?.model,
    });
    const table = await inOptionsOf(options, key, reading);
    if (table.dropped > 0)
      options.progress.line(
        `${path}: skipped ${table.dropped} ${nounOf(table.dropped, "row")} with missing values`,
      );
    const shuffled = tidy(() => {
      const rows = weight && like ? rowsByWeight(table.rows, like.d, weight) : table.rows;
      const generator = stream(seed, `compare/${key}`);
      return rows.indexSelect(0, randperm(table.rows.size(0), { generator })).keep();
    });
    table.rows.dispose();
    return { ...table, rows: tensors.add(shuffled) };
  };
  const target = await read("target", null);
  const like = { names: target.names, d: target.rows.size(1), model: target.model };
  const generated = await read("generated", like);
  const source = options.source ? await read("source", like) : null;
  const copies = copiesOf(target.rows, generated.rows);
  if (copies > 0)
    options.progress.line(
      `warning: ${copies} of ${generated.rows.size(0)} generated rows equal rows of ${options.target}: copies look like perfect samples; compare with rows that their program has not seen`,
    );
  return {
    target: target.rows,
    generated: generated.rows,
    source: source?.rows,
    names: target.names,
    categories,
  };
}

/** How many generated rows [m, d] equal target rows [n, d]; 0 for few, and for whole numbers alone. */
function copiesOf(target: Tensor, generated: Tensor): number {
  const isWhole = tidy(() => target.sub(target.round()).abs().amax().item() === 0);
  if (isWhole) return 0;
  const n = target.size(0);
  const hashes = new RowHashes(new Uint8Array(n + generated.size(0)).fill(1, n), target.size(1));
  for (const rows of [target, generated])
    hashes.add(tidy(() => rows.to("float32").toArray() as Float32Array));
  const counts = hashes.count();
  return areCopies(counts) ? counts.repeated : 0;
}

/** The result of a reading, whose errors name the options of the command. */
async function inOptionsOf<T>(
  options: CompareOptions,
  file: "target" | "generated" | "source",
  reading: Promise<T>,
): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    const nameOf = commandOption(options);
    throw error.withOptions((key) =>
      key === "data.where" && file === "source" ? "source_where" : nameOf(key),
    );
  }
}

/**
 * Columns of texts that all tables have, with the levels of all, and the columns of the target that are not compared.
 * Says which texts are not compared.
 */
async function commonCategories(options: CompareOptions): Promise<ComparedTexts> {
  const { target, generated, source, where, progress } = options;
  const reading = tableReading(options);
  const rows = { where: where ?? undefined, exclude: [options.exclude ?? []].flat() };
  const table = await openRows(target, reading);
  try {
    const texts = textColumnsOf(table, rows);
    if (texts.length === 0) return { categories: [], exclude: rows.exclude };
    const others = [
      { path: generated, where: null },
      ...(source === null ? [] : [{ path: source, where: options.source_where }]),
    ];
    const isCommon = new Set(texts);
    for (const { path } of others) {
      const other = await openRows(path, reading);
      const names = new Set(other.columns.map(({ name }) => name));
      other.close();
      for (const name of texts) if (!names.has(name)) isCommon.delete(name);
    }
    const exclude = [...rows.exclude, ...texts.filter((name) => !isCommon.has(name))];
    const { categories, ignored } = await chooseCategories(table, {
      ...reading,
      ...rows,
      exclude,
      categories: ["auto"],
      others,
      ignoresManyLevels: true,
    });
    const left = [...texts.filter((name) => !isCommon.has(name)), ...ignored];
    if (left.length > 0)
      progress.line(
        `not compared: ${left.join(", ")}: texts that name the rows, have more than ${mostLevels} levels, or are not in all files`,
      );
    return { categories, exclude: [...exclude, ...ignored] };
  } finally {
    table.close();
  }
}

/** What becomes of the target's columns of texts. */
interface ComparedTexts {
  categories: readonly ColumnCategory[];
  exclude: readonly string[];
}

/** The columns that all tables must have. */
interface TargetColumns {
  names: readonly string[];
  d: number;
  model: EmbeddingPlace;
}

/** Rows [n, d] drawn by their last column, the weights. */
function rowsByWeight(rows: Tensor, d: number, weights: string): Tensor {
  const masses = rows.select(1, d);
  if (masses.amin().item() < 0)
    throw new ConfigError(`weights=${weights} has negative numbers: expected numbers from 0 on`);
  if (masses.sum().item() === 0)
    throw new ConfigError(`weights=${weights} is 0 in all rows: expected a number above 0 in some`);
  return rows.narrow(1, 0, d).indexSelect(0, rowsByMass(masses));
}
