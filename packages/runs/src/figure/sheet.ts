// Images of equal size in rows and columns on white, with labels. Grids, single pictures and the frames of
// animations are drawn here.
import type { Sharp } from "sharp";
import { refuse } from "../errors.js";
import { escapeXml, fontFamily, ink } from "./svg.js";

/** [n, channels, height, width] with 1 (grey) or 3 (RGB) channels. */
export type ImageShape = readonly [n: number, channels: number, height: number, width: number];

export interface SheetOptions {
  shape: ImageShape;
  /** Images in a row; the sheet is filled row by row. */
  columns: number;
  /** Screen pixels for an image pixel. */
  scale: number;
  /** White pixels right of and below each image. */
  padding: number;
}

/** The size of a sheet in screen pixels. */
export function sheetSize({ shape, columns, scale, padding }: SheetOptions): {
  width: number;
  height: number;
} {
  const [n, , height, width] = shape;
  return {
    width: columns * (width * scale + padding),
    height: Math.ceil(n / columns) * (height * scale + padding),
  };
}

/** Paints images, bytes from 0 (black) to 255 (white), as grey (1) or RGB (3) a pixel; RGB images need 3. */
export function paintSheet(images: Uint8Array, options: SheetOptions, colors: 1 | 3 = 3): Buffer {
  const { shape, columns, scale, padding } = options;
  const [n, channels, height, width] = shape;
  const sheet = sheetSize(options);
  const out = Buffer.alloc(sheet.width * sheet.height * colors, 255);
  const plane = height * width;
  const stride = sheet.width * colors;
  const length = width * scale * colors;
  for (let i = 0; i < n; i++) {
    const y0 = Math.floor(i / columns) * (height * scale + padding);
    const x0 = (i % columns) * (width * scale + padding);
    for (let y = 0; y < height; y++) {
      const start = (y0 + y * scale) * stride + x0 * colors;
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < colors; c++) {
          const at = (i * channels + (channels === 1 ? 0 : c)) * plane + y * width + x;
          const to = start + x * scale * colors + c;
          for (let k = 0; k < scale; k++) out[to + k * colors] = images[at] as number;
        }
      }
      for (let k = 1; k < scale; k++) out.copyWithin(start + k * stride, start, start + length);
    }
  }
  return out;
}

/** A line of text; x and y are where it is anchored on its base line. */
export interface Label {
  text: string;
  x: number;
  y: number;
  anchor: "start" | "middle";
  title?: boolean;
}

export const labelSize = 12;
export const titleSize = 15;

/** Draws a sheet at (left, top) of a white RGB picture that is at least `width` wide, and labels over it. */
export async function drawSheet(
  images: Uint8Array,
  options: SheetOptions,
  place: { left: number; top: number; width: number; labels: readonly Label[] },
): Promise<{ picture: Sharp; width: number; height: number }> {
  const { left, top, labels } = place;
  const { default: sharp } = await import("sharp");
  const tile = sheetSize(options);
  const width = Math.max(left + tile.width, Math.ceil(place.width));
  const height = top + tile.height;
  const input = paintSheet(images, options);
  const texts = labels.map(({ text, x, y, anchor, title }) => {
    const font = title ? ` font-size="${titleSize}" font-weight="bold"` : "";
    return `<text x="${x}" y="${y}" text-anchor="${anchor}"${font}>${escapeXml(text)}</text>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="${fontFamily}" font-size="${labelSize}" fill="${ink}">${texts.join("")}</svg>`;
  const background = { r: 255, g: 255, b: 255 };
  const picture = sharp({ create: { width, height, channels: 3, background } }).composite([
    { input, raw: { ...tile, channels: 3 }, left, top },
    ...(texts.length > 0 ? [{ input: Buffer.from(svg), left: 0, top: 0 }] : []),
  ]);
  return { picture, width, height };
}

/** Throws RunError "bad_argument" where pixels, shape and layout do not fit; `what` is the figure. */
export function checkSheet(images: Uint8Array, options: SheetOptions, what: string): void {
  const { shape, columns, padding, scale } = options;
  const [n, channels, height, width] = shape;
  const whole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;
  const size = n * channels * height * width;
  refuse(what, [
    [
      !shape.every((length) => whole(length, 1)) || size !== images.length,
      `${images.length} values for shape [${shape.join(", ")}], expected their product`,
    ],
    [channels !== 1 && channels !== 3, `${channels} channels, expected 1 (grey) or 3 (RGB)`],
    [
      !whole(columns, 1) || !whole(padding, 0) || !whole(scale, 1),
      `columns ${columns}, padding ${padding}, scale ${scale}, expected whole numbers`,
    ],
  ]);
}
