// The paths of many images as one GIF.
import { RunError, refuse } from "../errors.js";
import { checkSheet, drawSheet, type ImageShape, labelSize, sheetSize } from "./sheet.js";
import { textWidth } from "./svg.js";

export interface AnimatedGridOptions {
  /** Frames of bytes [n, channels, height, width] in row order. */
  frames: readonly Uint8Array[];
  /** [n, channels, height, width] with 1 (grey) or 3 (RGB) channels. */
  shape: ImageShape;
  /** Images in a row (default: as many as rows). */
  columns?: number;
  /** One line for each frame, above it: the time. */
  captions?: readonly string[];
  /** Frames a second (default 10, at most 50: viewers slow down faster ones). */
  fps?: number;
  /** Screen pixels for an image pixel (default: such that the picture is about 256 pixels wide). */
  scale?: number;
}

const captionHeight = 18;
/** Pixels between images and around them. */
const padding = 2;
/** Greys at equal distances, black and white among them; with 256, noise makes the file a megabyte larger. */
const greys = 32;
/** The most pixels that the image library reads. */
const pixelLimit = 2 ** 28;

/**
 * Draws the frames and returns them as GIF; grey images use one palette of greys. Throws RunError
 * "bad_argument" when the sizes do not fit.
 */
export async function animatedGrid(options: AnimatedGridOptions): Promise<Buffer> {
  const { frames, shape, captions = [], fps = 10 } = options;
  const [n, channels, , width] = shape;
  const columns = options.columns ?? Math.ceil(Math.sqrt(n));
  const scale = options.scale ?? Math.max(1, Math.round(256 / (columns * width)));
  const sheet = { shape, columns, scale, padding };
  check(options);
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
      `an animation of ${frames.length} frames of ${size.width} × ${size.height} pixels is too large: take fewer frames or images, or a smaller scale`,
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
  const delay = frames.map((_, k) => {
    const longer = k === 0 || k === frames.length - 1;
    return Math.round(1000 * (longer ? Math.max(1, 1 / fps) : 1 / fps));
  });
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

function check({ frames, captions, fps = 10 }: AnimatedGridOptions): void {
  refuse("an animation", [
    [frames.length === 0, "no frames, expected at least one"],
    [
      captions !== undefined && captions.length !== frames.length,
      `${captions?.length} captions for ${frames.length} frames, expected one for each`,
    ],
    [!(fps >= 0.1 && fps <= 50), `fps ${fps}, expected 0.1 to 50 a second`],
  ]);
}
