// Images in rows and columns as one PNG: samples, paths with one row an image, and single pictures.
import { RunError, refuse } from "../errors.js";
import { pickIndexes } from "./axis.js";
import {
  checkSheet,
  drawSheet,
  type ImageShape,
  type Label,
  labelSize,
  type Pixels,
  paintSheet,
  titleSize,
} from "./sheet.js";
import { breakLines, textWidth } from "./svg.js";

export type { ImageShape, Pixels };

export interface ImageGridOptions {
  /**
   * Pixels [n, channels, height, width] in row order; the grid is filled row by row. Bytes from 0 (black) to 255
   * (white), or real numbers from −1 to 1, where values outside are clipped.
   */
  images: Pixels;
  /** [n, channels, height, width] with 1 (grey) or 3 (RGB) channels. */
  shape: ImageShape;
  /** Images in a row. */
  columns: number;
  /** Pixels between images and around them (default 4). */
  padding?: number;
  /** Screen pixels for an image pixel (default: such that small images are about 64 pixels wide). */
  scale?: number;
  /** One title a column, above it; long ones are broken at spaces. */
  columnTitles?: readonly string[];
  title?: string;
}

const lineHeight = 15;

/**
 * Draws the grid and returns it as PNG. Pixels that are not finite are magenta.
 * Throws RunError "bad_argument" when the sizes do not fit.
 */
export async function imageGrid(options: ImageGridOptions): Promise<Buffer> {
  const { images, shape, columns, padding = 4, columnTitles = [] } = options;
  const width = shape[3];
  const scale = options.scale ?? Math.max(1, Math.round(64 / width));
  const sheet = { shape, columns, scale, padding };
  checkSheet(images, sheet, "an image grid");
  const cellWidth = width * scale + padding;
  const broken = columnTitles.map((title) => breakLines(title, cellWidth, labelSize));
  const headLines = Math.max(0, ...broken.map((lines) => lines.length));
  const titles = options.title === undefined ? [] : [options.title];
  const titleHeight = 26 * titles.length;
  const top = titleHeight + headLines * lineHeight + padding;
  const labels: Label[] = [
    ...titles.map((text) => ({ text, x: padding, y: 18, anchor: "start", title: true }) as const),
    ...broken.flatMap((lines, c) =>
      lines.map((text, i): Label => {
        const y = titleHeight + (headLines - lines.length + i + 1) * lineHeight - 2;
        return {
          text,
          x: padding + c * cellWidth + (cellWidth - padding) / 2,
          y,
          anchor: "middle",
        };
      }),
    ),
  ];
  const least = Math.max(0, ...titles.map((text) => textWidth(text, titleSize) + 2 * padding));
  const drawn = await drawSheet(images, sheet, { left: padding, top, width: least, labels });
  return drawn.picture.png().toBuffer();
}

/**
 * One image [channels, height, width] as PNG, pixel for pixel, grey (1 channel) or RGB (3). Bytes are taken as they
 * are, real numbers from −1 (black) to 1 (white). Throws RunError "bad_argument" where pixels and shape do not fit.
 */
export async function picturePng(
  pixels: Pixels,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
): Promise<Buffer> {
  const sheet = { shape: [1, channels, height, width] as const, columns: 1, scale: 1, padding: 0 };
  checkSheet(pixels, sheet, "a picture");
  const colors = channels === 1 ? 1 : 3;
  const { default: sharp } = await import("sharp");
  try {
    const raw = { width, height, channels: colors } as const;
    return await sharp(paintSheet(pixels, sheet, colors), { raw })
      .png()
      .toBuffer();
  } catch (error) {
    throw new RunError("picture", `cannot write a picture of ${width}×${height}: ${error}`, {
      cause: error,
    });
  }
}

export interface PathStripOptions extends Pick<ImageGridOptions, "scale" | "padding" | "title"> {
  /** Pixels [times, n, channels, height, width] in row order. */
  path: Pixels;
  shape: readonly [times: number, n: number, channels: number, height: number, width: number];
  /** Time of each point of the path, written above its column. */
  times: readonly number[];
  /** How many images are shown, the first ones (default 8). */
  rows?: number;
  /** At most so many times at equal distances, first and last among them (default 9, at least 2). */
  columns?: number;
}

/** The paths of a few images as PNG: one row an image, one column a time. Throws RunError "bad_argument". */
export async function pathStrip(options: PathStripOptions): Promise<Buffer> {
  const { path, shape, times, rows = 8, columns = 9, padding = 2, ...rest } = options;
  const [count, n, channels, height, width] = shape;
  const plane = channels * height * width;
  const whole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;
  refuse("a path strip", [
    [
      path.length !== count * n * plane || path.length === 0,
      `${path.length} values for shape [${shape.join(", ")}], expected their product`,
    ],
    [times.length !== count, `${times.length} times, expected ${count}`],
    [
      !whole(rows, 1) || !whole(columns, 2),
      `rows ${rows}, columns ${columns}, expected whole numbers from 1 and from 2 on`,
    ],
  ]);
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
