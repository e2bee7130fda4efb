import { io } from "@dsbm/torch";
import { badTable, reason } from "../../errors.js";
import type { Opened } from "../rows.js";
import { type Matrix, matrixTable } from "./matrix.js";

/** Opens an array [n, d] or [n]. Throws `BadTable`. */
export function openNpy(path: string): Opened {
  const file = asTableError(path, () => io.npy.open(path));
  const close = () => file.close();
  try {
    const { fortran, shape } = file;
    const rows = fortran
      ? inMemory(asTableError(path, () => file.read()))
      : (first: number, count: number) =>
          asTableError(path, () => io.toFloat64(file.rows(first, count)));
    return arrayTable(path, { shape, rows, close });
  } catch (error) {
    close();
    throw error;
  }
}

/** Opens the bytes of a .npy file. Throws `BadTable`. */
export function openArray(source: string, bytes: Uint8Array): Opened {
  const array = asTableError(source, () => io.npy.decode(bytes, source));
  return arrayTable(source, { shape: array.shape, rows: inMemory(array), close() {} });
}

function inMemory(array: io.RawArray): Matrix["rows"] {
  const values = io.toFloat64(array);
  const [, d = 1] = array.shape;
  return (first, count) => values.subarray(first * d, (first + count) * d);
}

function arrayTable(
  source: string,
  { shape, rows, close }: { shape: readonly number[]; rows: Matrix["rows"]; close: () => void },
): Opened {
  const [n, d = 1] = shape;
  if (n === undefined || shape.length > 2 || d === 0)
    throw badTable(
      source,
      `an array [${shape.join(", ")}]: expected a table [n, d] or [n]${shape.length === 4 ? "; for images write array:PATH.npy" : "; reshape it"}`,
    );
  return matrixTable(source, { n, d, rows }, { names: null, close });
}

function asTableError<T>(source: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (!io.isFormatError(error)) throw error;
    throw badTable(source, `${reason(error).replace(`${source}: `, "")}; copy or write it again`);
  }
}
