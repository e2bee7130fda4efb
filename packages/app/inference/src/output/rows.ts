// Samples in the data's own units: rows of a table with kept columns, or a matrix in the obsm of a copy of a .h5ad file,
// NaN for other rows.
import { ConfigError } from "@dsbm/config";
import {
  copyH5ad,
  type KeptCell,
  type KeptColumn,
  type NumberColumn,
  type OutputFormat,
  openTableWriter,
  outputFormat,
  type TableBatch,
  toRows,
  type UnsValue,
} from "@dsbm/data";
import { tidy } from "@dsbm/torch";
import type { H5adPlace } from "../input/input.js";
import { timeLabel } from "../plan.js";
import { runRecord } from "./record.js";
import type { OutputOptions, SampleWriter, Writer } from "./writer.js";

interface RowsBatch extends TableBatch {
  /** Row numbers of a .h5ad file, from 0. */
  rows?: Int32Array | undefined;
}

/** Writes rows in the data's own units; NaN without a value. */
export interface RowsWriter extends Writer {
  write(batch: RowsBatch): Promise<void>;
}

/** A copy of the .h5ad file `source` with further matrices of obsm, or columns of obs. */
export async function h5adWriter(
  temporary: string,
  source: string,
  {
    added,
    command,
    record,
  }: {
    added: readonly { obsm: string | null; columns: readonly string[] }[];
    command: "sample" | "annotate";
    record: Readonly<Record<string, UnsValue>>;
  },
): Promise<RowsWriter> {
  const copy = await copyH5ad(source, temporary);
  const parts = added.flatMap(({ obsm, columns }) =>
    obsm === null
      ? columns.map((name) => ({ put: copy.obs(name), width: 1 }))
      : [{ put: copy.obsm(obsm, columns.length), width: columns.length }],
  );
  return {
    async write({ rows = new Int32Array(), numbers }) {
      let at = 0;
      for (const { put, width } of parts) {
        put(toRows(numbers.slice(at, at + width), "float32"), rows);
        at += width;
      }
    },
    close() {
      // A matrix of obsm has no names of its own.
      const columns = Object.fromEntries(
        added.flatMap(({ obsm, columns }) => (obsm === null ? [] : [[obsm, columns]])),
      );
      copy.uns("dsbm", command, { ...record, columns });
      copy.close();
    },
    abandon: () => copy.abandon(),
  };
}

/**
 * Writes samples as rows of a table with kept columns, or into a copy of a .h5ad file.
 * @throws ConfigError for two columns of one name.
 */
export async function rowsWriter(
  temporary: string,
  options: OutputOptions,
  place: H5adPlace | null,
): Promise<SampleWriter> {
  const { path, bridge, input, times, end, settings, seen } = options;
  const { units, trained } = bridge;
  const numberColumns = units.columns(input.table?.names);
  const hasWeights = trained.method.mass !== undefined;
  const columns: NumberColumn[] = hasWeights
    ? [...numberColumns, { name: "weight", dtype: "float32" }]
    : numberColumns;
  const names = columns.map(({ name }) => name);
  const keptColumns = input.table?.kept ?? [];
  const kept: readonly KeptColumn[] =
    times && keptColumns.length === 0 ? [{ name: "row", kind: "integer" }] : keptColumns;
  const all = [...kept.map(({ name }) => name), ...(times ? ["t"] : []), ...names];
  checkNames(path, all, times !== null);
  const at = timeLabel(trained.config, end);
  const obsm = place && `${place.layer}_at_${at}`;
  const writer: RowsWriter = place
    ? await h5adWriter(temporary, place.path, {
        added: [
          { obsm, columns: numberColumns.map(({ name }) => name) },
          { obsm: null, columns: hasWeights ? [`weight_at_${at}`] : [] },
        ],
        command: "sample",
        record: runRecord(trained, settings),
      })
    : openTableWriter(temporary, {
        format: outputFormat(path) as OutputFormat,
        kept,
        columns: times ? [{ name: "t", dtype: "float64" }, ...columns] : columns,
      });
  let written = 0;
  let states: Float64Array[][] = [];
  return {
    about: () =>
      obsm
        ? `${path}, obsm ${obsm} of ${written} rows and ${numberColumns.length} columns`
        : `${path}, ${written} rows of ${all.length} columns`,
    async put(x, { k, first, kept: cells, rows, weights }) {
      const numbers = tidy(() => units.undo(x.to({ device: "cpu" })));
      if (k === (times?.length ?? 1) - 1) seen?.(numbers);
      if (weights && hasWeights) numbers.push(Float64Array.from(weights.toNumbers()));
      let batch: RowsBatch = { count: x.size(0), rows, numbers, kept: cells };
      if (times) {
        states.push(numbers);
        if (k < times.length - 1) return;
        const ids = keptColumns.length === 0 ? [rowNumbers(first, x.size(0))] : cells;
        batch = longRows(states, { times, ids });
        states = [];
      }
      await writer.write(batch);
      written += batch.count;
    },
    close: () => writer.close(),
    abandon: () => writer.abandon(),
  };
}

function checkNames(path: string, names: readonly string[], isPath: boolean): void {
  const repeated = names.find((name, i) => names.indexOf(name) < i);
  if (repeated === undefined) return;
  const isAdded = isPath && (repeated === "t" || repeated === "row");
  throw new ConfigError(
    `OUT ${path} would have two columns ${repeated}${isAdded ? ", of which path=true adds one: write a .npy file" : ": rename one"}`,
  );
}

const rowNumbers = (first: number, n: number): bigint[] =>
  Array.from({ length: n }, (_, i) => BigInt(first + i));

function longRows(
  states: readonly Float64Array[][],
  { times, ids }: { times: readonly number[]; ids: readonly (readonly KeptCell[])[] },
): TableBatch {
  const steps = times.length;
  const [first = []] = states;
  const count = steps * (first[0]?.length ?? 0);
  const column = (value: (row: number, k: number) => number) =>
    Float64Array.from({ length: count }, (_, i) => value(Math.floor(i / steps), i % steps));
  const numbers = first.map((_, c) => column((row, k) => states[k]?.[c]?.[row]));
  return {
    count,
    numbers: [column((_, k) => times[k]), ...numbers],
    kept: ids.map((cells) => cells.flatMap((cell) => Array<KeptCell>(steps).fill(cell))),
  };
}
