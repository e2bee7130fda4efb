// Images of equal size in rows and columns on white, with labels: grids of samples, paths with one row an image, single
// pictures as PNG, and the paths of many images as one GIF.
import type { Sharp } from "sharp";
import { RunError, refuse } from "../errors.js";
import { pickIndexes } from "./axis.js";
import { breakLines, escapeXml, fontFamily, ink, textWidth } from "./svg.js";

/** Pixels between images and around them. */
const padding = 2;

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

export interface AnimatedGridOptions {
  /** Frames of bytes [n, channels, height, width] in row order. */
  frames: readonly Uint8Array[];
  /** [n, channels, height, width] with 1 (grey) or 3 (RGB) channels. */
  shape: ImageShape;
  /** One line for each frame, above it: the time. */
  captions?: readonly string[];
}

const captionHeight = 18;
/** Greys at equal distances, black and white among them; with 256, noise makes the file a megabyte larger. */
const greys = 32;
/** The most pixels that the image library reads. */
const pixelLimit = 2 ** 28;

/**
 * Draws the frames, as many images in a row as rows and about 256 screen pixels wide, and returns them as GIF of 10
 * frames a second; grey images use one palette of greys. Throws RunError "bad_argument" when the sizes do not fit.
 */
export async function animatedGrid(options: AnimatedGridOptions): Promise<Buffer> {
  const { frames, shape, captions = [] } = options;
  const [n, channels, , width] = shape;
  const columns = Math.ceil(Math.sqrt(n));
  const scale = Math.max(1, Math.round(256 / (columns * width)));
  const sheet = { shape, columns, scale, padding };
  refuse("an animation", [
    [frames.length === 0, "no frames, expected at least one"],
    [
      captions.length > 0 && captions.length !== frames.length,
      `${captions.length} captions for ${frames.length} frames, expected one for each`,
    ],
  ]);
  for (const frame of frames) checkSheet(frame, sheet, "an animation");
  const tile = sheetSize(sheet);
  const longest = Math.max(0, ...captions.map((text) => textWidth(text, labelSize)));
  const size = {
    width: Math.max(padding + tile.width, Math.ceil(longest) + 2 * padding),
    height: (captions.length > 0 ? captionHeight : 0) + padding + tile.height,
  };
  const pixels = size.width * size.height * frames.length;
  if (pixels > pixelLimit || Math.max(size.width, size.height) > 65535) {
    throw new RunError(
      "bad_argument",
      `an animation of ${frames.length} frames of ${size.width} × ${size.height} pixels is too large: take fewer frames or images`,
    );
  }
  const place = { left: padding, top: size.height - tile.height, width: size.width };
  const grey = channels === 1;
  const drawn: Buffer[] = [];
  for (const [k, frame] of frames.entries()) {
    const text = captions[k];
    const label = { x: size.width / 2, y: 13, anchor: "middle" } as const;
    const labels = text === undefined ? [] : [{ ...label, text }];
    const { picture } = await drawSheet(frame, sheet, { ...place, labels });
    const bytes = await picture.removeAlpha().raw().toBuffer();
    drawn.push(grey ? toGreys(bytes) : bytes);
  }
  const { default: sharp } = await import("sharp");
  const delay = frames.map((_, k) => (k === 0 || k === frames.length - 1 ? 1000 : 100));
  const raw = {
    width: size.width,
    height: size.height * frames.length,
    channels: grey ? 1 : 3,
  } as const;
  return sharp(Buffer.concat(drawn), { raw: { ...raw, pageHeight: size.height } })
    .gif({ loop: 0, delay, dither: 0, keepDuplicateFrames: true })
    .toBuffer();
}

/** The red values of RGB bytes, rounded to the greys. */
function toGreys(rgb: Buffer): Buffer {
  const step = 255 / (greys - 1);
  const table = Uint8Array.from({ length: 256 }, (_, v) => Math.round(Math.round(v / step) * step));
  return Buffer.from(Uint8Array.from({ length: rgb.length / 3 }, (_, i) => table[rgb[3 * i]!]!));
}

/** [n, channels, height, width] with 1 (grey) or 3 (RGB) channels. */
type ImageShape = readonly [n: number, channels: number, height: number, width: number];

interface SheetOptions {
  shape: ImageShape;
  /** Images in a row; the sheet is filled row by row. */
  columns: number;
  /** Screen pixels for an image pixel. */
  scale: number;
  /** White pixels right of and below each image. */
  padding: number;
}

/** The size of a sheet in screen pixels. */
function sheetSize({ shape, columns, scale, padding }: SheetOptions): {
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
function paintSheet(images: Uint8Array, options: SheetOptions, colors: 1 | 3 = 3): Buffer {
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
interface Label {
  text: string;
  x: number;
  y: number;
  anchor: "start" | "middle";
  title?: boolean;
}

const labelSize = 12;
const titleSize = 15;

/** Draws a sheet at (left, top) of a white RGB picture that is at least `width` wide, and labels over it. */
async function drawSheet(
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
function checkSheet(images: Uint8Array, options: SheetOptions, what: string): void {
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
