// The path of a few images: one row an image, one column a time.
import { RunError } from "../errors.js";
import { pickIndexes } from "./axis.js";
import { type ImageGridOptions, imageGrid } from "./grid.js";
import type { Pixels } from "./sheet.js";

export interface PathStripOptions
  extends Pick<ImageGridOptions, "range" | "scale" | "padding" | "rowTitles" | "title"> {
  /** Pixels [times, n, channels, height, width] in row order. */
  path: Pixels;
  shape: readonly [times: number, n: number, channels: number, height: number, width: number];
  /** Time of each point of the path, written above its column. */
  times: readonly number[];
  /** The first so many images (default 8). */
  rows?: number;
  /** At most so many times at equal distances, first and last among them (default 9, at least 2). */
  columns?: number;
}

/**
 * Draws the strip and returns it as PNG. Throws RunError "bad_argument" when the sizes do not fit.
 */
export async function pathStrip(options: PathStripOptions): Promise<Buffer> {
  const { path, shape, times, rows = 8, columns = 9, padding = 2, ...rest } = options;
  const [count, n, channels, height, width] = shape;
  const plane = channels * height * width;
  const fault =
    path.length !== count * n * plane || path.length === 0
      ? `${path.length} values for shape [${shape.join(", ")}], expected their product`
      : times.length !== count
        ? `${times.length} times, expected ${count}`
        : !Number.isSafeInteger(rows) || rows < 1 || !Number.isSafeInteger(columns) || columns < 2
          ? `rows ${rows}, columns ${columns}, expected whole numbers from 1 and from 2 on`
          : undefined;
  if (fault !== undefined) throw new RunError("bad_argument", `a path strip was given ${fault}`);
  const picked = pickIndexes(count, columns);
  const shown = Math.min(rows, n);
  const images = path.slice(0, shown * picked.length * plane);
  for (let row = 0; row < shown; row++) {
    for (const [column, k] of picked.entries()) {
      const from = (k * n + row) * plane;
      images.set(path.subarray(from, from + plane), (row * picked.length + column) * plane);
    }
  }
  return imageGrid({
    ...rest,
    images,
    shape: [shown * picked.length, channels, height, width],
    columns: picked.length,
    padding,
    columnTitles: picked.map((k) => `t=${Number((times[k] as number).toFixed(2))}`),
  });
}
