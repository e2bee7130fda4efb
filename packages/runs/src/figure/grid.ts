// Images in rows and columns as one PNG: samples, or the steps of a path with one row an image.
import type { OverlayOptions } from "sharp";
import { RunError } from "../errors.js";
import { checkSheet, type ImageShape, type Pixels, paintSheet, sheetSize } from "./sheet.js";
import { escapeXml, fontFamily, ink, textWidth } from "./svg.js";

export interface ImageGridOptions {
  /** Pixels [n, channels, height, width] in row order; the grid is filled row by row. */
  images: Pixels;
  /** [n, channels, height, width] with 1 (grey) or 3 (RGB) channels. */
  shape: ImageShape;
  /** Images a row. */
  columns: number;
  /** The values of black and white (default [-1, 1], [0, 255] for bytes); what is outside is clipped. */
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
  const [, , height, width] = shape;
  const scale = options.scale ?? Math.max(1, Math.round(64 / width));
  const sheet = { shape, columns, scale, padding };
  checkSheet(images, sheet, "an image grid");
  checkRange(options.range);
  const cell = { width: width * scale + padding, height: height * scale + padding };
  const broken = columnTitles.map((title) => breakTitle(title, cell.width));
  const headLines = Math.max(0, ...broken.map((lines) => lines.length));
  const titleHeight = options.title === undefined ? 0 : 26;
  const top = titleHeight + headLines * lineHeight + padding;
  const left =
    Math.ceil(Math.max(0, ...rowTitles.map((t) => textWidth(t, fontSize) + 6))) + padding;
  const titleWidth = options.title === undefined ? 0 : textWidth(options.title, 15) + 2 * padding;
  const tile = sheetSize(sheet);
  const size = {
    width: Math.max(left + tile.width, Math.ceil(titleWidth)),
    height: top + tile.height,
  };
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
      input: paintSheet(images, sheet, { range: options.range }),
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

function checkRange(range: readonly [number, number] | undefined): void {
  if (range === undefined || range[0] < range[1]) return;
  throw new RunError(
    "bad_argument",
    `an image grid was given range [${range[0]}, ${range[1]}], expected [black, white] with black < white`,
  );
}
