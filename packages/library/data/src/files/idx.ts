// The format of MNIST: a magic number with element type and number of dimensions, big-endian sizes, then elements.
import { basename } from "node:path";
import { DatasetError } from "../errors.js";

const unsignedByte = 8;

/** Sizes and elements of an IDX file of unsigned bytes. Throws `NotIdx` and `SizeMismatch`. */
export function parseIdx(bytes: Uint8Array, source: string) {
  const [zero, alsoZero, type, dimensions = 0] = bytes;
  const start = 4 + 4 * dimensions;
  if (zero !== 0 || alsoZero !== 0 || type !== unsignedByte || bytes.length < start)
    throw new DatasetError(
      "NotIdx",
      `${source}: ${bytes.length} bytes, first [${[...bytes.subarray(0, 4)].join(", ")}]: expected [0, 0, ${unsignedByte}, dimensions] and their sizes; is ${basename(source)} a whole IDX file of bytes?`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d));
  const expected = start + shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== expected)
    throw new DatasetError(
      "SizeMismatch",
      `${source}: ${bytes.length} bytes: expected ${expected} for [${shape.join(", ")}]; download it again`,
    );
  // The slice() of a Node Buffer makes no copy, unlike other arrays.
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset + start, expected - start);
  return { shape, data };
}
