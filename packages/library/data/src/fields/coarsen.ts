// Coarse fields on a fine grid: the mean of blocks of cells, repeated in each cell of its block.
import type { FieldAxis } from "./cf/axis.js";
import type { FieldRows } from "./read/field-rows.js";

/** Height and width of a grid. */
export type GridSize = readonly [height: number, width: number];

/** The size of the grid of blocks of `block` × `block` cells; blocks at the edges may be smaller. */
export const coarseSize = ([height, width]: GridSize, block: number): GridSize => [
  Math.ceil(height / block),
  Math.ceil(width / block),
];

/** The axis of the blocks of an axis: a block has the mean coordinate of its cells. */
export function coarseAxis(axis: FieldAxis, block: number): FieldAxis {
  if (block === 1) return axis;
  const size = Math.ceil(axis.size / block);
  const values = axis.values && blockMeans(Float32Array.from(axis.values), [1, axis.size], block);
  return { ...axis, size, values: values && Array.from(values.subarray(0, size)) };
}

/** Means of the values in blocks of planes [n, height, width], NaN without any: [n, coarse height, coarse width]. */
export function blockMeans(
  planes: Float32Array,
  [height, width]: GridSize,
  block: number,
): Float32Array {
  const [rows, columns] = coarseSize([height, width], block);
  const n = planes.length / (height * width);
  const sums = new Float64Array(n * rows * columns);
  const counts = new Uint32Array(sums.length);
  let at = 0;
  for (let plane = 0; plane < n; plane++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++, at++) {
        if (Number.isNaN(planes[at])) continue;
        const line = plane * rows + Math.floor(i / block);
        const cell = line * columns + Math.floor(j / block);
        sums[cell] += planes[at];
        counts[cell] += 1;
      }
  return Float32Array.from(sums, (sum, cell) => sum / counts[cell]);
}

/** Repeats the cells of coarse planes in their blocks: planes [n, height, width]. */
export function repeatBlocks(
  coarse: Float32Array,
  [height, width]: GridSize,
  block: number,
): Float32Array {
  const [rows, columns] = coarseSize([height, width], block);
  const n = coarse.length / (rows * columns);
  const planes = new Float32Array(n * height * width);
  let at = 0;
  for (let plane = 0; plane < n; plane++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++, at++) {
        const line = plane * rows + Math.floor(i / block);
        planes[at] = coarse[line * columns + Math.floor(j / block)];
      }
  return planes;
}

/** Fields whose cells have the mean of their block; the same fields for a block of 1. */
export function coarsenFields(file: FieldRows, block: number): FieldRows {
  if (block === 1) return file;
  const { y, x } = file.grid;
  const size: GridSize = [y.size, x.size];
  return {
    ...file,
    async read(first, count) {
      return repeatBlocks(blockMeans(await file.read(first, count), size, block), size, block);
    },
  };
}

/** The block of `data.coarsen`: 4 of mean:4, and 1 of null. */
export const coarseBlock = (coarsen: string | null): number =>
  Number(/^mean:(\d+)$/.exec(coarsen ?? "")?.[1] ?? 1);
