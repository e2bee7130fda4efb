// A table is read once, into mapped files of float32 rows that later runs use again: reading text takes longer than
// training, and large tables do not fit into memory. The folder of these files appears when it is whole.
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { io } from "@dsbm/torch";
import { badTable, type DatasetError, invalidOption } from "../../errors.js";
import { status, storing } from "../../files/read.js";
import { writeSeal } from "../../files/seal.js";
import { sweepTemporaries, temporaryBeside } from "../../files/temporary.js";
import { type CleanCounts, cleanRows } from "../clean.js";
import { type ConditionFacts, factsVersion, type TableFacts } from "../facts.js";
import { openRows } from "../open.js";
import type { ReadOptions, RowSource } from "../rows.js";
import { type ColumnOptions, type EndColumns, matchColumns, selectColumns } from "../select.js";
import { conditionCodes } from "./conditions.js";
import { recordOf } from "./record.js";
import { heldOut, type Sums, splitFile } from "./split.js";

/** How a table becomes an end of a bridge. */
export interface OwnOptions extends Omit<ReadOptions, "limits">, ColumnOptions {
  /** What becomes of rows with missing values (default "error"). */
  missing?: "error" | "drop" | undefined;
  /** Whether log(1 + x) is trained on. */
  log1p?: boolean | undefined;
  /** The value of `split_by` of the rows that are wanted. */
  group?: string | undefined;
  /** The end whose columns, in its order, are wanted. */
  like?: EndColumns | undefined;
}

export interface PrepareOptions extends OwnOptions {
  fraction: number;
  seed: number;
  progress?: ((state: { done: number; total: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Prepares a table in a new folder: train.npy, test.npy [n, d] float32, numbers_train.npy, numbers_test.npy [n, 1] float64,
 * the rows in the file from 0, condition_train.npy, condition_test.npy [n, 1] float64 where there is a condition, and
 * facts.json. Throws a `DatasetError` for what cannot be read or used, and the
 * signal's reason; nothing is left then.
 */
export async function prepareRows(
  path: string,
  folder: string,
  options: PrepareOptions,
): Promise<void> {
  const source = await openRows(path, options);
  const temporary = temporaryBeside(folder);
  try {
    stored(temporary, () => {
      mkdirSync(resolve(temporary), { recursive: true });
      sweepTemporaries(dirname(folder));
    });
    const facts = await written(source, temporary, options);
    stored(temporary, () => {
      const text = JSON.stringify({ version: factsVersion, facts });
      writeFileSync(join(temporary, "facts.json"), text, { flush: true });
    });
    const names = readdirSync(temporary).map((name) => [join(temporary, name), name] as const);
    await writeSeal(join(temporary, sealName), names, join(folder, sealName));
    stored(temporary, () => {
      try {
        renameSync(temporary, folder);
      } catch (error) {
        // Another process, such as another rank, may have made the same folder meanwhile.
        if (status(folder) === undefined) throw error;
      }
    });
  } finally {
    source.close();
    rmSync(temporary, { recursive: true, force: true });
  }
}

const stored = storing("prepared rows", "choose another paths.data_dir_name");

/** The list of the hashes of the prepared files. */
export const sealName = "SHA256SUMS";

/** Removes prepared files; its name goes first, so that a kill leaves no part of them under it. */
export function removeDamaged(folder: string): void {
  stored(folder, () => {
    const away = temporaryBeside(folder);
    try {
      renameSync(folder, away);
    } catch (error) {
      // Another process, such as another rank, has done so.
      if (status(folder) !== undefined) throw error;
    }
    rmSync(away, { recursive: true, force: true });
  });
}

async function written(
  source: RowSource,
  folder: string,
  options: PrepareOptions,
): Promise<TableFacts> {
  const { path, format, named } = source;
  const selection = selectColumns(source, options);
  const { trained, kept, condition } = selection;
  const { log1p = false, like, group = null, missing, progress, signal } = options;
  const columns = like ? matchColumns(like, { path, named, columns: trained }) : trained;
  const record = recordOf(columns.length, log1p);
  const codes = condition && conditionCodes(path, condition);
  const files = {
    rows: join(folder, "rows.npy"),
    numbers: join(folder, "numbers.npy"),
    condition: join(folder, "condition.npy"),
  };
  /** Writes all rows that can be used, as they lie in the file. */
  const writeRows = async (): Promise<CleanCounts> => {
    using rows = stored(
      files.rows,
      () => new io.npy.NpyWriter(files.rows, "float32", [columns.length]),
    );
    const column = (file: string) => stored(file, () => new io.npy.NpyWriter(file, "float64", [1]));
    using numbers = column(files.numbers);
    using conditions = codes && column(files.condition);
    const request = {
      ...{ numbers: columns, condition, missing, log1p, signal },
      group:
        selection.group !== null && group !== null
          ? { column: selection.group, value: group }
          : null,
    };
    const reading = cleanRows(source, request);
    for (;;) {
      const next = await reading.next();
      if (next.done) return next.value;
      const { count, condition } = next.value;
      const block = record.add(next.value);
      stored(files.rows, () => {
        rows.append(io.fromTyped(block, [count, columns.length]));
        numbers.append(io.fromTyped(Float64Array.from(next.value.rows), [count, 1]));
        if (condition && codes) conditions?.append(io.fromTyped(codes.add(condition), [count, 1]));
      });
      progress?.({ done: record.n(), total: source.rows ?? record.n() });
    }
  };
  const counts = await writeRows();
  const n = record.n();
  if (n < 2) throw tooFew(path, n, { counts, ...options });
  const held = heldOut(n, options);
  const split = (from: string, prefix: string, change?: (x: number) => number): Sums => {
    const [train, test] = ["train", "test"].map((part) => join(folder, `${prefix}${part}.npy`));
    const sums = stored(folder, () =>
      splitFile(from, { train: train as string, test: test as string, held, change }),
    );
    rmSync(from);
    return sums;
  };
  const sums = split(files.rows, "");
  split(files.numbers, "numbers_");
  const learnt = record.facts(columns);
  let conditionFacts: ConditionFacts | null = null;
  if (codes) {
    const { code, classes } = codes.finish();
    const { mean, variance } = momentsOf(split(files.condition, "condition_", code), [0]);
    const [m, v] = [mean[0] as number, variance[0] as number];
    conditionFacts = { name: condition.name, classes, mean: m, variance: v };
  }
  return {
    ...{ path, format, group, columns, named, kept, log1p },
    ...{
      all: counts.all,
      rows: counts.rows,
      dropped: counts.dropped,
      train: sums.n,
      test: n - sums.n,
    },
    condition: conditionFacts,
    ...learnt,
    moments: { n: sums.n, ...momentsOf(sums, learnt.offset) },
    notes: [...source.notes],
  };
}

/** Mean and variance from sums of x − offset. */
function momentsOf({ n, sum, squares }: Sums, offset: readonly number[]) {
  const means = Array.from(sum, (s) => s / n);
  return {
    mean: means.map((m, k) => m + (offset[k] as number)),
    variance: means.map((m, k) => Math.max((squares[k] as number) / n - m * m, 0)),
  };
}

function tooFew(
  path: string,
  n: number,
  { counts, split_by, group }: { counts: CleanCounts } & PrepareOptions,
): DatasetError {
  const rows = n === 1 ? "1 row" : "no rows";
  if (split_by !== undefined && group !== undefined && counts.rows === 0)
    return invalidOption(
      `${path}: no row has ${split_by}=${group}; ${split_by} has ${[...counts.groups].join(", ")}: write one of them as data.source or data.target`,
    );
  const left = counts.dropped > 0 ? `, since ${counts.dropped} have missing values` : "";
  return badTable(
    path,
    `has ${rows}${counts.dropped > 0 ? " left" : ""}${left}: expected 2 or more, to train on and to test on`,
  );
}
