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
import { LevelTexts } from "./level-texts.js";
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
  const format = outputFormat(path);
  const { levels, columns, kept } = columnsOf(options, place ? null : format);
  const keptColumns = input.table?.kept ?? [];
  const all = [...kept, ...(times ? [{ name: "t" }] : []), ...columns].map(({ name }) => name);
  checkNames(path, all, times !== null);
  const at = timeLabel(trained.config, end);
  const obsm = place && `${place.layer}_at_${at}`;
  const writer: RowsWriter = place
    ? await h5adWriter(temporary, place.path, {
        added: [
          { obsm, columns: levels.columns.map(({ name }) => name) },
          { obsm: null, columns: trained.method.mass ? [`weight_at_${at}`] : [] },
        ],
        command: "sample",
        record: runRecord(trained, settings),
      })
    : openTableWriter(temporary, {
        format: format as OutputFormat,
        kept,
        columns: times ? [{ name: "t", dtype: "float64" }, ...columns] : columns,
      });
  let written = 0;
  let states: RowsBatch[] = [];
  return {
    about: () =>
      obsm
        ? `${path}, obsm ${obsm} of ${written} rows and ${levels.columns.length} columns`
        : `${path}, ${written} rows of ${all.length} columns`,
    async put(x, { k, first, kept: cells, rows, weights }) {
      const inOwnUnits = tidy(() => units.undo(x.to({ device: "cpu" })));
      if (k === (times?.length ?? 1) - 1) seen?.(inOwnUnits, x);
      const { numbers, texts } = levels.split(inOwnUnits);
      if (weights && trained.method.mass) numbers.push(Float64Array.from(weights.toNumbers()));
      let batch: RowsBatch = { count: x.size(0), rows, numbers, kept: [...cells, ...texts] };
      if (times) {
        const ids = keptColumns.length === 0 ? [rowNumbers(first, x.size(0))] : cells;
        states.push({ count: x.size(0), numbers, kept: [...ids, ...texts] });
        if (k < times.length - 1) return;
        batch = longRows(states, times);
        states = [];
      }
      await writer.write(batch);
      written += batch.count;
    },
    close: () => writer.close(),
    abandon: () => writer.abandon(),
  };
}

/** The columns of a table of samples in a format; null: an obsm, which has numbers only, as .npy has. */
function columnsOf(
  { bridge: { units, trained }, input, times }: OutputOptions,
  format: OutputFormat | null | undefined,
) {
  const isOfNumbers = !format || format === ".npy";
  const levels = new LevelTexts(
    units.columns(input.table?.names),
    isOfNumbers ? [] : units.categories,
  );
  const weight: NumberColumn[] = trained.method.mass ? [{ name: "weight", dtype: "float32" }] : [];
  const copied = input.table?.kept ?? [];
  const ids: readonly KeptColumn[] =
    times && copied.length === 0 ? [{ name: "row", kind: "integer" }] : copied;
  return {
    levels,
    columns: [...levels.columns, ...weight],
    kept: [...ids, ...levels.texts],
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

function longRows(states: readonly RowsBatch[], times: readonly number[]): TableBatch {
  const steps = times.length;
  const [{ count: rows, numbers, kept }] = states;
  const count = steps * rows;
  const column = (value: (row: number, k: number) => number) =>
    Float64Array.from({ length: count }, (_, i) => value(Math.floor(i / steps), i % steps));
  return {
    count,
    numbers: [
      column((_, k) => times[k]),
      ...numbers.map((_, c) => column((row, k) => states[k].numbers[c][row])),
    ],
    kept: kept.map((_, c) =>
      Array.from({ length: count }, (_, i): KeptCell => {
        const { kept: cells } = states[i % steps];
        return cells[c][Math.floor(i / steps)];
      }),
    ),
  };
}
