// Tables whose numbers are a matrix, read by rows.
import {
  arrayNames,
  asNumber,
  batchRows,
  checkWidth,
  type Opened,
  type RowRequest,
  type TableColumn,
} from "../rows.js";

export interface Matrix {
  n: number;
  d: number;
  /** Rows [count, d]. */
  rows(first: number, count: number): ArrayLike<number>;
}

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
  /** For people. */
  notes?: readonly string[];
  close: () => void;
}

/** Throws `BadTable` for too many columns. */
export function matrixTable(
  path: string,
  { n, d, rows }: Matrix,
  { names: knownNames, beside, notes = [], close }: MatrixFacts,
): Opened {
  checkWidth(path, d);
  const names = knownNames ?? arrayNames(d);
  const places = new Map(names.map((name, k) => [name, k]));
  const others = new Map(
    Array.from(beside ?? [], ([name, column]) => [places.has(name) ? `obs.${name}` : name, column]),
  );
  const reader = (name: string) => {
    const k = places.get(name);
    if (k !== undefined) return (block: ArrayLike<number>, i: number): unknown => block[i * d + k];
    const values = others.get(name)?.read() ?? [];
    return (_: unknown, i: number, first: number): unknown => values[first + i];
  };
  return {
    columns: [
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
    ],
    named: knownNames !== null,
    rows: n,
    notes,
    close,
    async *batches({ numbers = [], texts = [], signal }: RowRequest) {
      const numberReaders = numbers.map(reader);
      const textReaders = texts.map(reader);
      const needsMatrix = [...numbers, ...texts].some((name) => places.has(name));
      const most = batchRows(d);
      for (let first = 0; first < n; first += most) {
        signal?.throwIfAborted();
        // Reading is synchronous: other tasks get their turn between batches.
        await new Promise(setImmediate);
        const count = Math.min(most, n - first);
        const block = needsMatrix ? rows(first, count) : [];
        yield {
          first,
          count,
          numbers: numberReaders.map((read) =>
            Float64Array.from({ length: count }, (_, i) => asNumber(read(block, i, first))),
          ),
          texts: textReaders.map((read) =>
            Array.from({ length: count }, (_, i) => String(read(block, i, first) ?? "")),
          ),
        };
      }
    },
  };
}
