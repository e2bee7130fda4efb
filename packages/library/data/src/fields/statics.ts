// Static fields, such as the height of the ground: further inputs of networks, the same for all times.
import { isFieldPath } from "@dsbm/files";
import { invalidOption } from "../errors.js";
import { isSameAxis, spanText } from "./cf/axis.js";
import type { FieldChannel } from "./cf/channels.js";
import type { FieldGrid } from "./cf/grid.js";
import type { GridSize } from "./coarsen.js";
import { openFields } from "./read/open.js";

/** Static fields of a grid, in network units. */
export interface StaticFields {
  /** Their variables. */
  channels: FieldChannel[];
  /** Files beyond the file of the fields. */
  files: string[];
  /** Values [S, H, W] of mean 0 and variance 1 over the cells of the grid, 0 in missing cells: float32 in base64. */
  values: string;
}

/** The names of data.static that are files. */
export const staticFiles = (names: readonly string[] = []): string[] => names.filter(isFieldPath);

/**
 * Reads the static fields of `names`: files, of which all static variables are read, and variables of the file `path` itself.
 * @throws {DatasetError} for files without static variables on the grid, and for other coordinates
 */
export async function readStatics(
  path: string,
  names: readonly string[],
  { grid, marks }: { grid: FieldGrid; marks: readonly number[] },
): Promise<Omit<StaticFields, "values"> & { values: Float32Array }> {
  const files = staticFiles(names);
  const own = names.filter((name) => !files.includes(name));
  const size: GridSize = [grid.y.size, grid.x.size];
  const parts = await Promise.all([
    ...(own.length > 0 ? [readStaticFile(path, own, size, marks)] : []),
    ...files.map((file) => readStaticFile(file, null, size, marks)),
  ]);
  for (const [k, file] of files.entries()) {
    const other = parts.at(k - files.length)!.grid;
    for (const axis of ["y", "x"] as const)
      if (!isSameAxis(grid[axis], other[axis]))
        throw invalidOption(
          `data.static=${file}: has ${spanText(other[axis])}, ${path} has ${spanText(grid[axis])}: expected one grid; interpolate it (cdo remapbil)`,
        );
  }
  const values = parts.flatMap((part) => standardPlanes(part.values, size));
  return {
    channels: parts.flatMap((part) => part.grid.channels),
    files,
    values: Float32Array.from(values.flatMap((plane) => [...plane])),
  };
}

async function readStaticFile(
  path: string,
  variables: readonly string[] | null,
  statics: GridSize,
  marks: readonly number[],
): Promise<{ grid: FieldGrid; values: Float32Array }> {
  const file = await openFields(path, { variables, marks, statics });
  try {
    return { grid: file.grid, values: await file.read(0, 1) };
  } finally {
    file.close();
  }
}

/** Planes of mean 0 and variance 1, 0 in missing cells. */
function standardPlanes(values: Float32Array, [height, width]: GridSize): Float32Array[] {
  const area = height * width;
  return Array.from({ length: values.length / area }, (_, k) => {
    const plane = values.subarray(k * area, (k + 1) * area);
    const present = plane.filter(Number.isFinite);
    const mean = present.reduce((sum, x) => sum + x, 0) / Math.max(1, present.length);
    const squares = present.reduce((sum, x) => sum + (x - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / Math.max(1, present.length)) || 1;
    return plane.map((x) => (Number.isFinite(x) ? (x - mean) / deviation : 0));
  });
}

/** Numbers of float32 as text. */
export const encodeNumbers = (values: Float32Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");

/** The numbers of a text. */
export function decodeNumbers(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
}
