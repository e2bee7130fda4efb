import { stream } from "@dsbm/bridge";
import { io, randperm, type Tensor, tidy } from "@dsbm/torch";
import {
  type DataSet,
  defaultFraction,
  newTable,
  rowCount,
  type SetOptions,
  type Table,
  testCount,
} from "../data-set.js";
import { type DatasetCode, DatasetError, reason } from "../errors.js";
import { isFile, readBytes } from "./read.js";

const dtypes = ["float32", "float64", "uint8"];

/**
 * Vectors [n, d] or images [n, C, H, W] of a .npy file: float32, float64 (loaded as float32) or uint8 (0–255). A
 * random share of the rows is the test split; it depends on the seed and on n.
 */
export function arraySet(path: string): DataSet {
  return { about: "the rows of a .npy file", load: (options) => load(path, options) };
}

function load(path: string, options: SetOptions): Table {
  const { name, split, n, cond } = options;
  if (!isFile(path))
    throw new DatasetError(
      "MissingFiles",
      `${name}: no file ${path}; write array:PATH.npy with the path of a .npy file of vectors [n, d] or images [n, C, H, W]`,
    );
  return tidy(() => {
    const all = mapArray(path);
    checkRows(all, path);
    const total = all.size(0);
    const rows = splitRows(total, options);
    const count = rowCount(n, rows.size(0), { name, split });
    const chosen = rows.narrow(0, 0, count);
    const x = all.indexSelect(0, chosen);
    checkFinite(x, chosen, path);
    return newTable({
      name,
      split,
      source: path,
      x: x.dtype === "float64" ? x.to("float32") : x,
      ...(cond !== undefined && { condition: conditionRows(cond, { all, path, chosen }) }),
      origin: { rows: chosen, total },
    });
  });
}

/** The conditions [count, C′, H, W] of chosen rows, of a file with a row for each row of the array. */
function conditionRows(
  file: string,
  { all, path, chosen }: { all: Tensor; path: string; chosen: Tensor },
): Tensor {
  if (!isFile(file))
    throw new DatasetError("MissingFiles", `data.cond: no file ${file}: expected a .npy file`);
  const conditions = mapArray(file);
  const size = (x: Tensor) => [x.size(0), ...x.shape.slice(2)];
  if (conditions.ndim !== 4 || all.ndim !== 4 || `${size(conditions)}` !== `${size(all)}`)
    throw new DatasetError(
      "BadArray",
      `${file}: conditions of shape [${conditions.shape}] for ${path} of shape [${all.shape}]: expected [n, C′, H, W] with the same n, H and W`,
    );
  const rows = conditions.indexSelect(0, chosen).to("float32");
  checkFinite(rows, chosen, file);
  return rows;
}

/** In a random order, int64. */
function splitRows(total: number, options: SetOptions): Tensor {
  const { split, seed = 0, test_fraction = defaultFraction } = options;
  const held = testCount(test_fraction, total);
  const order = randperm(total, { generator: stream(seed, `array/split/${total}`) });
  return split === "test" ? order.narrow(0, 0, held) : order.narrow(0, held, total - held);
}

/**
 * The array of a .npy file, of its saved shape, mapped into memory if its layout allows it.
 * @throws an error of the code for other files.
 */
export function mapArray(path: string, code: DatasetCode = "BadArray"): Tensor {
  try {
    return io.mapNpy(path);
  } catch (error) {
    if (!io.isFormatError(error)) throw error;
    if (error.code !== "InvalidValue") throw new DatasetError(code, reason(error));
  }
  // Fortran order or big-endian.
  return io.fromRaw(io.npy.decode(readBytes(path), path));
}

function checkFinite(x: Tensor, rows: Tensor, path: string): void {
  if (x.dtype === "uint8") return;
  const bad = x.flatten({ startDim: 1 }).isfinite().all(1).logicalNot();
  const values = rows.maskedSelect(bad);
  const n = values.size(0);
  if (n === 0) return;
  const leave = x.ndim === 2 ? `, or write table:${path} data.missing=drop to leave them out` : "";
  throw new DatasetError(
    "BadArray",
    `${path}: ${n} rows, the first of them ${values.min().item() + 1}, have values that are NaN or infinite: repair them${leave}`,
  );
}

function checkRows({ dtype, shape, ndim }: Tensor, path: string): void {
  const refuse = (problem: string) => new DatasetError("BadArray", `${path}: ${problem}`);
  if (!dtypes.includes(dtype))
    throw refuse(`elements of ${dtype}: expected ${dtypes.join(", ")}; convert it with .astype`);
  if ((ndim !== 2 && ndim !== 4) || shape.slice(1).includes(0))
    throw refuse(
      `shape [${shape}]: expected vectors [n, d] or images [n, C, H, W]; reshape the array`,
    );
  if (shape[0] < 2)
    throw refuse(`${shape[0]} rows: expected 2 or more, to train on and to test on`);
}
