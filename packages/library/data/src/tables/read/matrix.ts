// Tables whose numbers are a matrix, read by rows.
import { type ColumnVariability, CountMoments, type Entries } from "../counts.js";
import type { EmbeddingModel } from "../embedding.js";
import {
  arrayNames,
  asNumber,
  batchRows,
  checkWidth,
  type Opened,
  type RowRequest,
  type TableColumn,
} from "../row-source.js";

/** Rows of a matrix of many columns are read in larger blocks, since mostly a part of the columns is asked for. */
const wideColumns = 2048;
const wideRows = 256;

/** A matrix [n, d] that is read by rows. */
export interface Matrix {
  n: number;
  d: number;
  /** Reads rows, whose entries can be visited more than once; entries that a sparse matrix lacks are 0. */
  block(first: number, count: number): Entries;
}

/** The entries of rows [count, d]. */
export const denseBlock =
  (values: ArrayLike<number>, d: number): Entries =>
  (entry) => {
    for (let i = 0, at = 0; at < values.length; i++)
      for (let k = 0; k < d; k++, at++) entry(i, k, values[at]);
  };

/** A column next to the matrix; `read` returns a value for each row, null for a missing value. */
export interface ObsColumn {
  /** Numbers, or texts. */
  kind: TableColumn["kind"];
  /** Ordered categories. */
  order?: readonly string[];
  /** The value of each row. */
  read(): (string | number | bigint | null)[];
}

interface MatrixFacts {
  names: readonly string[] | null;
  /** A column with the name of a column of the matrix is `obs.NAME`. */
  beside?: ReadonlyMap<string, ObsColumn>;
  /** The total of each row after scaling; undefined: rows stay as they are. */
  total?: number | undefined;
  /** The model that made the columns. */
  embedding?: EmbeddingModel;
  /** For people. */
  notes?: readonly string[];
  close: () => void;
}

/** @throws {DatasetError} `BadTable` for too many columns. */
export function matrixTable(
  path: string,
  matrix: Matrix,
  { names: knownNames, beside, total, embedding, notes = [], close }: MatrixFacts,
): Opened {
  const { n, d } = matrix;
  checkWidth(path, d);
  const names = knownNames ?? arrayNames(d);
  const places = new Map(names.map((name, k) => [name, k]));
  const others = new Map(
    Array.from(beside ?? [], ([name, column]) => [places.has(name) ? `obs.${name}` : name, column]),
  );
  return {
    columns: tableColumns(names, others),
    named: knownNames !== null,
    rows: n,
    notes,
    ...(embedding && { embedding }),
    close,
    variability: () => variabilityOf(matrix, names, total),
    async *batches({ numbers = [], texts = [], from, signal }: RowRequest) {
      const wanted = [...new Set([...numbers, ...texts])].filter((name) => places.has(name));
      const slots = new Int32Array(d).fill(-1);
      for (const [slot, name] of wanted.entries()) slots[places.get(name) as number] = slot;
      const annotations = new Map(
        [...numbers, ...texts].map((name) => [name, others.get(name)?.read() ?? []]),
      );
      for await (const [block, { first, count }] of blocks(matrix, {
        needsEntries: wanted.length > 0,
        start: from?.row,
      })) {
        signal?.throwIfAborted();
        const columns = wanted.map(() => new Float64Array(count));
        block((i, k, value) => {
          if (slots[k] >= 0) addEntry(columns[slots[k]], i, value);
        });
        if (total !== undefined && wanted.length > 0)
          scaleRows(columns, rowTotals(block, count), total);
        const columnOf = (name: string) => columns[slots[places.get(name) ?? -1]];
        const besideOf = (name: string) => annotations.get(name)?.slice(first, first + count) ?? [];
        yield {
          first,
          count,
          numbers: numbers.map(
            (name) => columnOf(name) ?? Float64Array.from(besideOf(name), asNumber),
          ),
          texts: texts.map((name) =>
            Array.from<unknown, string>(columnOf(name) ?? besideOf(name), (value) =>
              String(value ?? ""),
            ),
          ),
        };
      }
    },
  };
}

async function* variabilityOf(
  matrix: Matrix,
  names: readonly string[],
  total: number | undefined,
): AsyncGenerator<number, ColumnVariability> {
  const moments = new CountMoments(matrix.d);
  for await (const [block, { first, count }] of blocks(matrix)) {
    moments.add(block, count, total);
    yield first + count;
  }
  return moments.finish(names);
}

const tableColumns = (
  names: readonly string[],
  others: ReadonlyMap<string, ObsColumn>,
): TableColumn[] => [
  ...names.map((name): TableColumn => ({ name, kind: "number" })),
  ...Array.from(
    others,
    ([name, { kind, order }]): TableColumn => ({
      name,
      kind,
      beside: true,
      ...(order && { order }),
    }),
  ),
];

/** The rows of a matrix from `start` on in blocks; without their entries on request. */
async function* blocks(
  { n, d, block }: Matrix,
  { needsEntries = true, start = 0 }: { needsEntries?: boolean; start?: number | undefined } = {},
): AsyncGenerator<[block: Entries, rows: { first: number; count: number }]> {
  const most = Math.max(batchRows(d), d > wideColumns ? wideRows : 0);
  for (let first = start; first < n; first += most) {
    // Reading is synchronous: other tasks get their turn between batches.
    await new Promise(setImmediate);
    const count = Math.min(most, n - first);
    yield [needsEntries ? block(first, count) : () => {}, { first, count }];
  }
}

/** Adds an entry: a sparse matrix may hold parts of a value as several. A negative zero stays negative. */
function addEntry(column: Float64Array, i: number, value: number): void {
  column[i] = column[i] === 0 ? value : column[i] + value;
}

function rowTotals(block: Entries, count: number): Float64Array {
  const totals = new Float64Array(count);
  block((i, _, value) => {
    totals[i] += value;
  });
  return totals;
}

/** Scales rows to the same total; rows without counts stay 0. */
function scaleRows(columns: readonly Float64Array[], totals: Float64Array, total: number): void {
  for (const column of columns)
    for (let i = 0; i < column.length; i++) if (totals[i] > 0) column[i] *= total / totals[i];
}
