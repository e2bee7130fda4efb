// The paths of many images as one GIF.
import { RunError, refuse } from "../errors.js";
import { checkSheet, drawSheet, type ImageShape, labelSize, sheetSize } from "./sheet.js";
import { textWidth } from "./svg.js";

export interface AnimatedGridOptions {
  /** Frames of bytes [n, channels, height, width] in row order. */
  frames: readonly Uint8Array[];
  /** [n, channels, height, width] with 1 (grey) or 3 (RGB) channels. */
  shape: ImageShape;
  /** One line for each frame, above it: the time. */
  captions?: readonly string[];
}

const captionHeight = 18;
/** Pixels between images and around them. */
const padding = 2;
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
