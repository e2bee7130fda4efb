// Images in rows and columns as one PNG: samples, paths with one row an image, and single pictures.
import { RunError, refuse } from "../errors.js";
import { pickIndexes } from "./axis.js";
import {
  checkSheet,
  drawSheet,
  type ImageShape,
  type Label,
  labelSize,
  paintSheet,
  titleSize,
} from "./sheet.js";
import { breakLines, textWidth } from "./svg.js";

export interface ImageGridOptions {
  /** Bytes [n, channels, height, width], 0 black and 255 white; the grid is filled row by row. */
  images: Uint8Array;
  /** [n, channels, height, width] with 1 (grey) or 3 (RGB) channels. */
  shape: ImageShape;
  /** Images in a row. */
  columns: number;
  /** One title a column, above it; long ones are broken at spaces. */
  columnTitles?: readonly string[];
  title?: string;
}

const lineHeight = 15;
/** Pixels between images and around them. */
const padding = 2;

/**
 * Draws the grid, small images about 64 screen pixels wide, and returns it as PNG. Throws RunError "bad_argument" when
 * the sizes do not fit.
 */
export async function imageGrid(options: ImageGridOptions): Promise<Buffer> {
  const { images, shape, columns, columnTitles = [] } = options;
  const width = shape[3];
  const scale = Math.max(1, Math.round(64 / width));
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
 * One image of bytes [channels, height, width] as PNG, pixel for pixel, grey (1 channel) or RGB (3). Throws RunError
 * "bad_argument" where pixels and shape do not fit.
 */
export async function picturePng(
  pixels: Uint8Array,
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

export interface PathStripOptions extends Pick<ImageGridOptions, "title"> {
  /** Bytes [times, n, channels, height, width] in row order. */
  path: Uint8Array;
  shape: readonly [times: number, n: number, channels: number, height: number, width: number];
  /** Time of each point of the path, written above its column. */
  times: readonly number[];
}

/** How many images a strip shows, the first ones, and at most how many times, at equal distances from first to last. */
const strip = { rows: 8, columns: 9 };

/** The paths of a few images as PNG: one row an image, one column a time. Throws RunError "bad_argument". */
export async function pathStrip(options: PathStripOptions): Promise<Buffer> {
  const { path, shape, times, ...rest } = options;
  const [count, n, channels, height, width] = shape;
  const plane = channels * height * width;
  refuse("a path strip", [
    [
      path.length !== count * n * plane || path.length === 0,
      `${path.length} values for shape [${shape.join(", ")}], expected their product`,
    ],
    [times.length !== count, `${times.length} times, expected ${count}`],
  ]);
  const picked = pickIndexes(count, strip.columns);
  const shown = Math.min(strip.rows, n);
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
    columnTitles: picked.map((k) => `t=${Number((times[k] as number).toFixed(2))}`),
  });
}
