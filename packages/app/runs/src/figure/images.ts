import { RunError } from "../errors.js";
import { escapeXml, fontFamily, legibleInk, loadSharp, pickIndexes, textWidth } from "./svg.js";

/** [n, channels, height, width] with 1 (grey), 3 (RGB) or 4 (RGBA) channels. */
type ImageShape = readonly [n: number, channels: number, height: number, width: number];

const gap = 2;
const titleSize = 15;
const labelSize = 12;

/** A grid of images with titles. */
export interface ImageGridOptions {
  /** Bytes [n, channels, height, width], 0 black and 255 white; the grid is filled row by row. */
  images: Uint8Array;
  /** [n, channels, height, width], with 1, 3 or 4 channels. */
  shape: ImageShape;
  /** Images in a row. */
  columns: number;
  /** Texts above the columns. */
  columnTitles?: readonly string[];
  /** Text above the grid. */
  title?: string;
}

/** Draws the grid, small images about 64 screen pixels wide. Returns PNG. */
export async function imageGrid(options: ImageGridOptions): Promise<Buffer> {
  const { images, shape, columns, columnTitles = [], title } = options;
  const scale = Math.max(1, Math.round(64 / shape[3]));
  const cell = shape[3] * scale + gap;
  const titleHeight = title === undefined ? 0 : 26;
  const top = titleHeight + (columnTitles.length > 0 ? 15 : 0) + gap;
  const labels = columnTitles.map((text, i): Label => {
    return { text, x: gap + (i + 0.5) * cell, y: top - 4, size: labelSize };
  });
  if (title !== undefined) labels.push({ text: title, x: gap, y: 18, size: titleSize });
  const sheet = paint(images, { shape, columns, scale });
  return (await drawSheet(sheet, { top, labels })).png().toBuffer();
}

/** One image [channels, height, width] as PNG, pixel for pixel. */
export async function picturePng(
  pixels: Uint8Array,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
): Promise<Buffer> {
  const shape = [1, channels, height, width] as const;
  const { data } = paint(pixels, { shape, columns: 1, scale: 1, space: 0 });
  const sharp = await loadSharp();
  const picture = sharp(data, { raw: { width, height, channels: 4 } });
  if (channels === 4) return picture.png().toBuffer();
  const opaque = picture.removeAlpha();
  return (channels === 1 ? opaque.toColourspace("b-w") : opaque).png().toBuffer();
}

/** Images over time, one row for each sample. */
export interface PathStripOptions extends Pick<ImageGridOptions, "title"> {
  /** Bytes [times, n, channels, height, width] in row order. */
  path: Uint8Array;
  /** The shape of `path`. */
  shape: readonly [times: number, n: number, channels: number, height: number, width: number];
  /** Times of the path's points, written above their columns. */
  times: readonly number[];
}

const strip = { rows: 8, columns: 9 };

/** Paths of a few images as PNG: one row an image, one column a time. */
export async function pathStrip({ path, shape, times, title }: PathStripOptions): Promise<Buffer> {
  const [count, n, ...size] = shape;
  const plane = path.length / (count * n);
  const picked = pickIndexes(count, strip.columns);
  const rows = Math.min(strip.rows, n);
  const images = Array.from({ length: rows }, (_, row) =>
    picked.map((k) => path.subarray((k * n + row) * plane, (k * n + row + 1) * plane)),
  );
  return imageGrid({
    ...(title !== undefined && { title }),
    images: Buffer.concat(images.flat()),
    shape: [rows * picked.length, ...size],
    columns: picked.length,
    columnTitles: picked.map((k) => `t=${Number(times[k].toFixed(2))}`),
  });
}

/** A grid of images that changes over time. */
export interface AnimatedGridOptions {
  /** Frames of bytes [n, channels, height, width] in row order. */
  frames: readonly Uint8Array[];
  /** [n, channels, height, width] of each frame. */
  shape: ImageShape;
  /** The text above each frame: its time. */
  captions: readonly string[];
  /** The format of the file (default: GIF). */
  format?: "gif" | "webp";
}

const captionHeight = 18;
const greyStep = 255 / 31;
const pixelLimit = 2 ** 28;

/**
 * Draws frames of a square grid, about 256 screen pixels wide. Returns GIF or WebP of 10 frames a second.
 * @throws {RunError} "bad_argument" if the sizes do not fit.
 */
export async function animatedGrid(options: AnimatedGridOptions): Promise<Buffer> {
  const { frames, shape, captions, format = "gif" } = options;
  const [n, channels, , width] = shape;
  const columns = Math.ceil(Math.sqrt(n));
  const scale = Math.max(1, Math.round(256 / (columns * width)));
  const round = (value: number) => Math.round(Math.round(value / greyStep) * greyStep);
  const sharp = await loadSharp();
  const drawn: Buffer[] = [];
  let size = { width: 0, height: 0 };
  for (const [k, frame] of frames.entries()) {
    const sheet = paint(channels === 1 ? frame.map(round) : frame, { shape, columns, scale });
    const label = { text: captions[k] ?? "", x: sheet.width / 2 + gap, y: 13, size: labelSize };
    const picture = await drawSheet(sheet, { top: captionHeight + gap, labels: [label] });
    const white = sharp(await picture.png().toBuffer()).flatten({ background: "white" });
    const { data, info } = await white.raw().toBuffer({ resolveWithObject: true });
    size = info;
    if (info.width * info.height * frames.length > pixelLimit)
      throw new RunError(
        "bad_argument",
        `an animation of ${frames.length} frames of ${info.width} × ${info.height} pixels is too large: expected fewer frames or images`,
      );
    drawn.push(data);
  }
  const raw = { width: size.width, height: size.height * frames.length, channels: 3 } as const;
  const isEnd = (k: number) => k === 0 || k === frames.length - 1;
  const animation = sharp(Buffer.concat(drawn), { raw: { ...raw, pageHeight: size.height } });
  const pace = { loop: 0, delay: frames.map((_, k) => (isEnd(k) ? 1000 : 100)) };
  return (
    format === "webp"
      ? animation.webp({ ...pace, lossless: true })
      : animation.gif({ ...pace, dither: 0, keepDuplicateFrames: true })
  ).toBuffer();
}

/** RGBA: transparent between the images, so that pages of both themes show through. */
interface Sheet {
  data: Buffer;
  width: number;
  height: number;
}

function paint(
  images: Uint8Array,
  {
    shape,
    columns,
    scale,
    space = gap,
  }: { shape: ImageShape; columns: number; scale: number; space?: number },
): Sheet {
  const [n, channels, height, width] = shape;
  const plane = height * width;
  const cell = { width: width * scale + space, height: height * scale + space };
  const sheet = { width: columns * cell.width, height: Math.ceil(n / columns) * cell.height };
  const data = Buffer.alloc(4 * sheet.width * sheet.height);
  for (let i = 0; i < n; i++) {
    const corner = Math.floor(i / columns) * cell.height * sheet.width + (i % columns) * cell.width;
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const pixel = Math.floor(y / scale) * width + Math.floor(x / scale);
        const to = 4 * (corner + y * sheet.width + x);
        for (let c = 0; c < 3; c++)
          data[to + c] = images[(i * channels + Math.min(c, channels - 1)) * plane + pixel];
        data[to + 3] = channels === 4 ? images[(i * channels + 3) * plane + pixel] : 255;
      }
    }
  }
  return { data, ...sheet };
}

const black = { r: 0, g: 0, b: 0 };

interface Label {
  text: string;
  x: number;
  y: number;
  size: number;
}

async function drawSheet(
  { data, ...size }: Sheet,
  { top, labels }: { top: number; labels: readonly Label[] },
) {
  const sharp = await loadSharp();
  const widths = labels.map(({ text, size }) => textWidth(text, size) + 2 * gap);
  const width = Math.max(gap + size.width, ...widths.map(Math.ceil));
  const texts = labels.map(({ text, x, y, size }) => {
    const style =
      size === titleSize ? 'text-anchor="start" font-weight="bold"' : 'text-anchor="middle"';
    return `<text x="${x}" y="${y}" font-size="${size}" ${style}>${escapeXml(text)}</text>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" font-family="${fontFamily}" fill="${legibleInk}">${texts.join("")}</svg>`;
  return sharp(data, { raw: { ...size, channels: 4 } })
    .extend({ top, left: gap, right: width - gap - size.width, background: { ...black, alpha: 0 } })
    .composite([{ input: Buffer.from(svg), left: 0, top: 0 }]);
}
