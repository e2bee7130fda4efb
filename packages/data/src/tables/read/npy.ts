// .npy files, and the arrays of .npz files: rows of a matrix as they lie in the file.
import { io } from "@dsbm/torch";
import { badTable } from "../../errors.js";
import { arrayNames, batchRows, type Opened, type RowRequest } from "../rows.js";
import { ByteReader, bytesOf } from "./bytes.js";

/** The largest array in Fortran order, in bytes: it must be in memory whole to be read by rows. */
const largestFortran = 2 ** 30;

/** Opens a .npy file. */
export const openNpy = (path: string, size: number): Promise<Opened> =>
  openArray(path, () => bytesOf(path, { size, otherwise: "" }));

/**
 * Opens the bytes of an array [n, d] or [n]; `bytes` begins anew at each call. Its columns are called `names` where there
 * are d of them. Throws `BadTable` and `FormatError`.
 */
export async function openArray(
  source: string,
  bytes: () => AsyncIterable<Buffer>,
  { names: given = null }: { names?: readonly string[] | null } = {},
): Promise<Opened> {
  const { dtype, shape, fortran, bigEndian, start } = await headerOf(source, bytes);
  const [n, d = 1] = shape;
  const refuse = (problem: string) => badTable(source, problem);
  if (n === undefined || shape.length > 2)
    throw refuse(
      `an array [${shape.join(", ")}]: expected a table [n, d] or [n]${shape.length === 4 ? "; for images write array:PATH.npy" : "; reshape it"}`,
    );
  if (d === 0) throw refuse(`an array [${shape.join(", ")}] without columns: expected [n, d]`);
  const size = io.itemSize[dtype];
  if (fortran && n * d * size > largestFortran)
    throw refuse(
      `${n * d * size} bytes in Fortran order: expected rows one after the other; save it again with np.ascontiguousarray(x)`,
    );
  const named = given?.length === d && given.every((name) => name !== "");
  const names = named ? given : arrayNames(d);
  return {
    columns: names.map((name) => ({ name, kind: "number" })),
    named,
    rows: n,
    notes: [],
    close() {},
    async *batches({ numbers = [], texts = [], signal }: RowRequest) {
      const reader = new ByteReader(bytes());
      const taken = async (length: number) => {
        const part = await reader.take(length);
        if (part.length < length)
          throw refuse(
            `ends early: expected ${n} rows of ${d} from its header; copy or write it again`,
          );
        return part;
      };
      const decoded = (part: Buffer) =>
        io.toFloat64({
          dtype,
          shape: [part.length / size],
          data: bigEndian ? swapped(part, size) : part,
        });
      const at = [...numbers, ...texts].map((name) => names.indexOf(name));
      try {
        await taken(start);
        const whole = fortran ? await taken(n * d * size) : null;
        const rows = batchRows(d);
        for (let first = 0; first < n; first += rows) {
          signal?.throwIfAborted();
          const count = Math.min(rows, n - first);
          const block = whole ? null : decoded(await taken(count * d * size));
          const columns = at.map((column) => {
            const begin = (column * n + first) * size;
            if (!block) return decoded((whole as Buffer).subarray(begin, begin + count * size));
            const values = new Float64Array(count);
            for (let i = 0; i < count; i++) values[i] = block[i * d + column] as number;
            return values;
          });
          yield {
            first,
            count,
            numbers: columns.slice(0, numbers.length),
            texts: columns.slice(numbers.length).map((values) => Array.from(values, String)),
          };
        }
        const more = await reader.take(1);
        if (more.length > 0)
          throw refuse(
            `has bytes behind its last row: expected ${n} rows of ${d} from its header; write it again`,
          );
      } finally {
        await reader.close();
      }
    },
  };
}

async function headerOf(
  source: string,
  bytes: () => AsyncIterable<Buffer>,
): Promise<io.npy.NpyHeader> {
  const reader = new ByteReader(bytes());
  try {
    for (let want = 2 ** 12; ; want *= 16) {
      const start = await reader.take(want, { peek: true });
      const header = io.npy.decodeHeader(start, source);
      if (header) return header;
      if (start.length < want)
        throw badTable(
          source,
          `ends after ${start.length} bytes, within its header: copy it again`,
        );
    }
  } finally {
    await reader.close();
  }
}

/** Big-endian elements as little-endian ones, in a buffer of their own. */
function swapped(part: Buffer, size: number): Buffer {
  const own = Buffer.from(part);
  if (size === 2) return own.swap16();
  if (size === 4) return own.swap32();
  return size === 8 ? own.swap64() : own;
}
