// Arrays larger than memory: the system reads elements when they are used.
import { call, callUnchecked } from "../binding/dispatch.js";
import { formatError } from "../binding/errors.js";
import { tidy } from "../binding/handle.js";
import type { Tensor } from "../tensor/tensor.js";
import { ReadFile } from "./file.js";
import { readNpyHeader } from "./npy.js";
import type { NpyHeader } from "./npy-header.js";
import { elementCount, itemSize } from "./raw.js";

/**
 * Maps a .npy file into memory: a tensor [n, …] on the CPU whose elements are read when they are used.
 *
 * Writes never reach the file. A file that another program shortens while it is mapped ends the process (SIGBUS):
 * replace such files by renaming.
 * @throws like `npy.open`, and `InvalidValue` for big-endian, Fortran-ordered or unaligned files.
 */
export function mapNpy(path: string): Tensor {
  const { dtype, shape, start, length } = mappableHeader(path);
  return tidy(() => {
    const size = start + length;
    const bytes = callUnchecked("aten::from_file", "", path, false, size, "uint8") as Tensor;
    const elements = call("aten::view", "dtype", bytes.narrow(0, start, length), dtype) as Tensor;
    return elements.view(shape);
  });
}

function mappableHeader(path: string): NpyHeader & { length: number } {
  using file = new ReadFile(path);
  const header = readNpyHeader(file);
  const { dtype, shape, bigEndian, fortran, start } = header;
  const length = elementCount(shape, path) * itemSize[dtype];
  const unaligned = start % itemSize[dtype] !== 0;
  if ((bigEndian && itemSize[dtype] > 1) || fortran || unaligned) {
    const layout = fortran ? "in Fortran order" : unaligned ? "not aligned" : "big-endian";
    throw formatError(
      "InvalidValue",
      path,
      `its elements are ${layout}: expected them little-endian in C order; convert it with npy.encode(npy.decode(bytes)), or read it whole`,
    );
  }
  return { ...header, length };
}
