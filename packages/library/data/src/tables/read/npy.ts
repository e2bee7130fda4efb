import { io } from "@dsbm/torch";
import { badTable, reason } from "../../errors.js";
import { arrayNames, batchRows, checkWidth, type Opened, type RowRequest } from "../rows.js";

/** It must be in memory whole to be read by rows. */
const largestFortran = 2 ** 30;

interface ArrayRows {
  shape: readonly number[];
  rows(first: number, count: number): io.RawArray;
  close(): void;
}

/** Opens an array [n, d] or [n]. Throws `BadTable`. */
export function openNpy(path: string): Opened {
  const file = asTableError(path, () => io.npy.open(path));
  try {
    const { dtype, fortran, shape } = file;
    if (!fortran)
      return openRows(path, {
        shape,
        rows: (first, count) => file.rows(first, count),
        close: () => file.close(),
      });
    const bytes = shape.reduce((product, length) => product * length, io.itemSize[dtype]);
    if (bytes > largestFortran)
      throw badTable(
        path,
        `${bytes} bytes in Fortran order: expected rows one after the other; save it again with np.ascontiguousarray(x)`,
      );
    const whole = inMemory(file.read());
    file.close();
    return openRows(path, whole);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Opens the bytes of a .npy file. Throws `BadTable`. */
export const openArray = (source: string, bytes: Uint8Array): Opened =>
  openRows(source, inMemory(asTableError(source, () => io.npy.decode(bytes, source))));

function inMemory({ dtype, shape, data }: io.RawArray): ArrayRows {
  const length = data.length / (shape[0] ?? 1);
  return {
    shape,
    rows: (first, count) => ({
      dtype,
      shape: [count, ...shape.slice(1)],
      data: data.subarray(first * length, (first + count) * length),
    }),
    close() {},
  };
}

function openRows(source: string, { shape, rows, close }: ArrayRows): Opened {
  const [n, d = 1] = shape;
  if (n === undefined || shape.length > 2 || d === 0)
    throw badTable(
      source,
      `an array [${shape.join(", ")}]: expected a table [n, d] or [n]${shape.length === 4 ? "; for images write array:PATH.npy" : "; reshape it"}`,
    );
  checkWidth(source, d);
  const names = arrayNames(d);
  return {
    columns: names.map((name) => ({ name, kind: "number" })),
    named: false,
    rows: n,
    notes: [],
    close,
    async *batches({ numbers = [], texts = [], signal }: RowRequest) {
      const places = [...numbers, ...texts].map((name) => names.indexOf(name));
      const most = batchRows(d);
      for (let first = 0; first < n; first += most) {
        signal?.throwIfAborted();
        // Reading is synchronous: other tasks get their turn between batches.
        await new Promise(setImmediate);
        const count = Math.min(most, n - first);
        const block = asTableError(source, () => io.toFloat64(rows(first, count)));
        const columns = places.map((column) =>
          Float64Array.from({ length: count }, (_, i) => block[i * d + column] as number),
        );
        yield {
          first,
          count,
          numbers: columns.slice(0, numbers.length),
          texts: columns.slice(numbers.length).map((values) => Array.from(values, String)),
        };
      }
    },
  };
}

function asTableError<T>(source: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (!io.isFormatError(error)) throw error;
    throw badTable(source, `${reason(error).replace(`${source}: `, "")}; copy or write it again`);
  }
}
