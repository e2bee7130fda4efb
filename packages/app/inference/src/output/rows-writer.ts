// Samples in the data's own units: rows of a table with kept columns, or in a copy of a .h5ad file a sparse layer of a sparse
// matrix, otherwise a matrix in obsm, NaN for other rows.
import { ConfigError } from "@dsbm/config";
import {
  copyH5ad,
  type H5adCopy,
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
  /** Whether values are entries of a sparse layer, in which values below 0 are zeros. */
  isSparse?: boolean;
  write(batch: RowsBatch): Promise<void>;
}

/** The column of obs that marks the rows with values in a sparse layer, whose other rows are zeros. */
const markOf = (layer: string): string => `has_${layer}`;

/**
 * A copy of the .h5ad file `source` with further matrices of obsm, or columns of obs. If `like` is a sparse matrix of the
 * columns of a matrix, the matrix is a sparse layer, and a column of obs marks its rows.
 */
export async function h5adWriter(
  temporary: string,
  source: string,
  {
    added,
    like = null,
    command,
    record,
  }: {
    added: readonly { obsm: string | null; columns: readonly string[] }[];
    like?: string | null;
    command: "sample" | "annotate";
    record: Readonly<Record<string, UnsValue>>;
  },
): Promise<RowsWriter> {
  const copy = await copyH5ad(source, temporary);
  const marks: ReturnType<H5adCopy["obs"]>[] = [];
  const matrixOf = (name: string, genes: readonly string[]) => {
    const layer = like === null ? null : copy.sparseLayer(name, { like, genes });
    if (!layer) return copy.obsm(name, genes.length);
    marks.push(copy.obs(markOf(name)));
    return layer;
  };
  const parts = added.flatMap(({ obsm, columns }) =>
    obsm === null
      ? columns.map((name) => ({ put: copy.obs(name), width: 1 }))
      : [{ put: matrixOf(obsm, columns), width: columns.length }],
  );
  return {
    isSparse: marks.length > 0,
    async write({ rows = new Int32Array(), numbers }) {
      let at = 0;
      for (const { put, width } of parts) {
        put(toRows(numbers.slice(at, at + width), "float32"), rows);
        at += width;
      }
      for (const mark of marks) mark(new Float32Array(rows.length).fill(1), rows);
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
 * @throws {ConfigError} for two columns of one name.
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
  const names = levels.columns.map(({ name }) => name);
  const keptColumns = input.table?.kept ?? [];
  const all = [...kept, ...(times ? [{ name: "t" }] : []), ...columns].map(({ name }) => name);
  checkNames(path, all, times !== null);
  const at = timeLabel(trained.config, end);
  const matrix = place && `${place.layer}_at_${at}`;
  const writer: RowsWriter = place
    ? await h5adWriter(temporary, place.path, {
        added: [
          { obsm: matrix, columns: names },
          { obsm: null, columns: trained.method.mass ? [`weight_at_${at}`] : [] },
        ],
        like: hasNoNegatives(options) ? place.layer : null,
        command: "sample",
        record: runRecord(trained, settings),
      })
    : openTableWriter(temporary, {
        format: format as OutputFormat,
        kept,
        columns: times ? [{ name: "t", dtype: "float64" }, ...columns] : columns,
      });
  const { isSparse = false } = writer;
  let written = 0;
  let states: RowsBatch[] = [];
  return {
    about: () =>
      matrix
        ? `${path}, ${isSparse ? "layers" : "obsm"} ${matrix} of ${written} rows and ${names.length} columns`
        : `${path}, ${written} rows of ${all.length} columns`,
    async put(x, { k, first, kept: cells, rows, weights }) {
      const generated = tidy(() => units.undo(x.to({ device: "cpu" })));
      const inOwnUnits = isSparse ? generated.map(withoutNegatives) : generated;
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

/** Whether all data are 0 or above: generated values below 0 are then zeros of a sparse matrix. */
const hasNoNegatives = ({ bridge: { trained } }: OutputOptions): boolean =>
  trained.columns?.bounds.all.every(({ min }) => min >= 0) ?? true;

const withoutNegatives = (column: Float64Array): Float64Array =>
  column.map((value) => Math.max(0, value));

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
