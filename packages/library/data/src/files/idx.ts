// The format of MNIST: a magic number with element type and number of dimensions, big-endian sizes, then elements.
import { basename } from "node:path";
import { DatasetError } from "../errors.js";

const types: Readonly<Record<number, string>> = {
  8: "unsigned byte",
  9: "signed byte",
  11: "short",
  12: "int",
  13: "float",
  14: "double",
};

/**
 * Sizes and elements of an IDX file of unsigned bytes. Throws `NotIdx`, `UnsupportedType`, `IncompleteFile`,
 * `SizeMismatch`.
 */
export function parseIdx(bytes: Uint8Array, source: string) {
  if (bytes.length < 4) throw cut(source, "a magic number of 4 bytes", bytes.length);
  const [zero, alsoZero, type, dimensions] = bytes as unknown as [number, number, number, number];
  if (zero !== 0 || alsoZero !== 0 || types[type] === undefined || dimensions === 0) {
    throw new DatasetError(
      "NotIdx",
      `${source}: begins with the bytes [${[...bytes.subarray(0, 4)].join(", ")}]: expected [0, 0, type, dimensions]; is ${basename(source)} an IDX file?`,
    );
  }
  if (type !== 8) {
    throw new DatasetError(
      "UnsupportedType",
      `${source}: elements of type ${types[type]}: expected unsigned bytes`,
    );
  }
  const start = 4 + 4 * dimensions;
  if (bytes.length < start) throw cut(source, `${start} bytes of header`, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d));
  const expected = start + shape.reduce((product, size) => product * size, 1);
  const expectation = `${expected} bytes for [${shape.join(", ")}]`;
  if (bytes.length < expected) throw cut(source, expectation, bytes.length);
  if (bytes.length > expected) {
    throw new DatasetError(
      "SizeMismatch",
      `${source}: ${bytes.length} bytes: expected ${expectation}`,
    );
  }
  // The slice() of a Node Buffer makes no copy, unlike other arrays.
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset + start, expected - start);
  return { shape, data };
}

function cut(source: string, expected: string, actual: number): DatasetError {
  return new DatasetError(
    "IncompleteFile",
    `${source}: ends after ${actual} bytes: expected ${expected}; download it again`,
  );
}
