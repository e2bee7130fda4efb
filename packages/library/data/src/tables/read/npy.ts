import { io } from "@dsbm/torch";
import { badTable } from "../../errors.js";
import { arrayNames, batchRows, checkWidth, type Opened, type RowRequest } from "../rows.js";
import { ByteReader, readParts } from "./bytes.js";

/** It must be in memory whole to be read by rows. */
const largestFortran = 2 ** 30;

export const openNpy = (path: string, size: number): Promise<Opened> =>
  openArray(path, () => readParts(path, { size }));

/** Opens the bytes of an array [n, d] or [n]; `bytes` starts again at each call. Throws `BadTable` and `TorchError`. */
export async function openArray(
  source: string,
  bytes: () => AsyncIterable<Buffer>,
): Promise<Opened> {
  const { dtype, shape, fortran, bigEndian, start } = await readHeader(source, bytes);
  const [n, d = 1] = shape;
  const size = io.itemSize[dtype];
  const refuse = (problem: string) => badTable(source, problem);
  if (n === undefined || shape.length > 2)
    throw refuse(
      `an array [${shape.join(", ")}]: expected a table [n, d] or [n]${shape.length === 4 ? "; for images write array:PATH.npy" : "; reshape it"}`,
    );
  checkWidth(source, d);
  if (d === 0) throw refuse(`an array [${shape.join(", ")}] without columns: expected [n, d]`);
  if (fortran && n * d * size > largestFortran)
    throw refuse(
      `${n * d * size} bytes in Fortran order: expected rows one after the other; save it again with np.ascontiguousarray(x)`,
    );
  const toNumbers = (part: Buffer) =>
    io.toFloat64({
      dtype,
      shape: [part.length / size],
      data: bigEndian ? swapBytes(part, size) : part,
    });
  const names = arrayNames(d);
  return {
    columns: names.map((name) => ({ name, kind: "number" })),
    named: false,
    rows: n,
    notes: [],
    close() {},
    async *batches({ numbers = [], texts = [], signal }: RowRequest) {
      const places = [...numbers, ...texts].map((name) => names.indexOf(name));
      const reader = new ByteReader(bytes());
      const take = async (length: number) => {
        const part = await reader.take(length);
        if (part.length === length) return part;
        throw refuse(
          `ends early: expected ${n} rows of ${d} from its header; copy or write it again`,
        );
      };
      try {
        await take(start);
        const whole = fortran ? await take(n * d * size) : null;
        const rows = batchRows(d);
        for (let first = 0; first < n; first += rows) {
          signal?.throwIfAborted();
          const count = Math.min(rows, n - first);
          const block = whole ? null : toNumbers(await take(count * d * size));
          const columns = places.map((column) => {
            if (!block) {
              const begin = (column * n + first) * size;
              return toNumbers((whole as Buffer).subarray(begin, begin + count * size));
            }
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
        if ((await reader.take(1)).length > 0)
          throw refuse(
            `has bytes behind its last row: expected ${n} rows of ${d} from its header; write it again`,
          );
      } finally {
        await reader.close();
      }
    },
  };
}

async function readHeader(
  source: string,
  bytes: () => AsyncIterable<Buffer>,
): Promise<io.npy.NpyHeader> {
  const reader = new ByteReader(bytes());
  try {
    for (let length = 2 ** 12; ; length *= 16) {
      const start = await reader.take(length, { peek: true });
      const header = io.npy.decodeHeader(start, source);
      if (header) return header;
      if (start.length < length)
        throw badTable(
          source,
          `ends after ${start.length} bytes, within its header: copy it again`,
        );
    }
  } finally {
    await reader.close();
  }
}

function swapBytes(part: Buffer, size: number): Buffer {
  const copy = Buffer.from(part);
  if (size === 2) return copy.swap16();
  if (size === 4) return copy.swap32();
  return size === 8 ? copy.swap64() : copy;
}
