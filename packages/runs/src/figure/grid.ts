// Images in rows and columns as one PNG: samples, or the steps of a path with one row an image.
import type { OverlayOptions } from "sharp";
import { RunError } from "../errors.js";
import { escapeXml, fontFamily, ink, textWidth } from "./svg.js";

export interface ImageGridOptions {
  /** Pixels [n, channels, height, width] in row order; the grid is filled row by row. */
  images: Float32Array;
  /** [n, channels, height, width] with 1 (grey) or 3 (RGB) channels. */
  shape: readonly [number, number, number, number];
  /** Images a row. */
  columns: number;
  /** The values of black and white (default [-1, 1]); what lies outside is clipped. */
  range?: readonly [number, number];
  /** Pixels between images and around them (default 4). */
  padding?: number;
  /** Screen pixels an image pixel (default: such that small images are about 64 pixels wide). */
  scale?: number;
  /** One title a column, above it; long ones are broken at spaces. */
  columnTitles?: readonly string[];
  /** One title a row, at its left. */
  rowTitles?: readonly string[];
  title?: string;
}

const fontSize = 12;
const lineHeight = 15;
const background = { r: 255, g: 255, b: 255 };

/**
 * Draws the grid and returns it as PNG. Not finite pixels are drawn magenta.
 * Throws RunError "bad_argument" when the sizes do not fit.
 */
export async function imageGrid(options: ImageGridOptions): Promise<Buffer> {
  const { images, shape, columns, padding = 4, columnTitles = [], rowTitles = [] } = options;
  check(options);
  const [n, , height, width] = shape;
  const rows = Math.ceil(n / columns);
  const scale = options.scale ?? Math.max(1, Math.round(64 / width));
  const cell = { width: width * scale + padding, height: height * scale + padding };
  const broken = columnTitles.map((title) => breakTitle(title, cell.width));
  const headLines = Math.max(0, ...broken.map((lines) => lines.length));
  const titleHeight = options.title === undefined ? 0 : 26;
  const top = titleHeight + headLines * lineHeight + padding;
  const left =
    Math.ceil(Math.max(0, ...rowTitles.map((t) => textWidth(t, fontSize) + 6))) + padding;
  const titleWidth = options.title === undefined ? 0 : textWidth(options.title, 15) + 2 * padding;
  const size = {
    width: Math.max(left + columns * cell.width, Math.ceil(titleWidth)),
    height: top + rows * cell.height,
  };
  const tile = { width: columns * cell.width, height: rows * cell.height };
  const labels = [
    ...(options.title === undefined
      ? []
      : [label(options.title, padding, 18, "start", ' font-size="15" font-weight="bold"')]),
    ...broken.flatMap((lines, c) =>
      lines.map((line, i) => {
        const x = left + c * cell.width + (cell.width - padding) / 2;
        const y = titleHeight + (headLines - lines.length + i + 1) * lineHeight - 2;
        return label(line, x, y, "middle");
      }),
    ),
    ...rowTitles.map((text, r) => {
      const y = top + r * cell.height + (cell.height - padding) / 2 + 4;
      return label(text, left - 6, y, "end");
    }),
  ];
  const { default: sharp } = await import("sharp");
  const layers: OverlayOptions[] = [
    {
      input: paint(images, shape, columns, scale, padding, tile, options.range),
      raw: { ...tile, channels: 3 },
      left,
      top,
    },
  ];
  if (labels.length > 0) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" font-family="${fontFamily}" font-size="${fontSize}" fill="${ink}">${labels.join("")}</svg>`;
    layers.push({ input: Buffer.from(svg), left: 0, top: 0 });
  }
  const canvas = sharp({ create: { ...size, channels: 3, background } });
  return canvas.composite(layers).png().toBuffer();
}

/** The images as RGB bytes on white, each pixel repeated `scale` times both ways. */
function paint(
  images: Float32Array,
  [n, channels, height, width]: ImageGridOptions["shape"],
  columns: number,
  scale: number,
  padding: number,
  tile: { width: number; height: number },
  [black, white]: readonly [number, number] = [-1, 1],
): Buffer {
  const out = Buffer.alloc(tile.width * tile.height * 3, 255);
  const plane = height * width;
  const byte = (value: number) =>
    Math.round(255 * Math.min(1, Math.max(0, (value - black) / (white - black))));
  for (let i = 0; i < n; i++) {
    const y0 = Math.floor(i / columns) * (height * scale + padding);
    const x0 = (i % columns) * (width * scale + padding);
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const at = Math.floor(y / scale) * width + Math.floor(x / scale);
        const to = ((y0 + y) * tile.width + x0 + x) * 3;
        for (let c = 0; c < 3; c++) {
          const value = images[(i * channels + (channels === 1 ? 0 : c)) * plane + at] as number;
          out[to + c] = Number.isFinite(value) ? byte(value) : [255, 0, 255][c]!;
        }
      }
    }
  }
  return out;
}

function label(text: string, x: number, y: number, anchor: string, more = ""): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}"${more}>${escapeXml(text)}</text>`;
}

/** A column title in lines that fit its column; a word that is too long is cut. */
function breakTitle(title: string, width: number): string[] {
  const fits = Math.max(1, Math.floor(width / textWidth("x", fontSize)));
  const lines: string[] = [];
  for (const word of title.split(/\s+/)) {
    const short = [...word].length > fits ? `${[...word].slice(0, fits - 1).join("")}…` : word;
    const longer = `${lines.at(-1) ?? ""} ${short}`.trim();
    if (lines.length > 0 && [...longer].length <= fits) lines[lines.length - 1] = longer;
    else lines.push(short);
  }
  return lines;
}

function check({ images, shape, columns, padding = 4, scale = 1, range }: ImageGridOptions): void {
  const [n, channels, height, width] = shape;
  const whole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;
  const fault =
    !shape.every((size) => whole(size, 1)) || n * channels * height * width !== images.length
      ? `${images.length} values for shape [${shape.join(", ")}], expected their product`
      : channels !== 1 && channels !== 3
        ? `${channels} channels, expected 1 (grey) or 3 (RGB)`
        : !whole(columns, 1) || !whole(padding, 0) || !whole(scale, 1)
          ? `columns ${columns}, padding ${padding}, scale ${scale}, expected whole numbers`
          : range && !(range[0] < range[1])
            ? `range [${range[0]}, ${range[1]}], expected [black, white] with black < white`
            : undefined;
  if (fault !== undefined) throw new RunError("bad_argument", `an image grid was given ${fault}`);
}
