// The path of many images at once as a GIF, which every viewer plays.
import { RunError } from "../errors.js";
import { checkSheet, type ImageShape, paintSheet, sheetSize } from "./sheet.js";
import { escapeXml, fontFamily, ink, textWidth } from "./svg.js";

export interface AnimatedGridOptions {
  /** One a frame: bytes [n, channels, height, width] in row order. */
  frames: readonly Uint8Array[];
  /** [n, channels, height, width] with 1 (grey) or 3 (RGB) channels. */
  shape: ImageShape;
  /** Images a row (default: as many as rows). */
  columns?: number;
  /** One line a frame, above it: the time. */
  captions?: readonly string[];
  /** Frames a second (default 10, at most 50: viewers slow down what is faster). */
  fps?: number;
  /** Seconds that the first and the last frame stand (default 1). */
  hold?: number;
  /** How often it plays (default 0: for ever). */
  loop?: number;
  /** Pixels between images and around them (default 2). */
  padding?: number;
  /** Screen pixels an image pixel (default: such that the picture is about 256 pixels wide). */
  scale?: number;
  /** Greys that are told apart, 2 to 256 (default 32): noise costs a megabyte more in 256. */
  greys?: number;
}

const captionHeight = 18;
const fontSize = 12;
/** What the image library reads at most. */
const pixelLimit = 2 ** 28;

/**
 * Draws the frames and returns them as GIF; grey images keep to one palette of greys. Throws RunError
 * "bad_argument" when the sizes do not fit.
 */
export async function animatedGrid(options: AnimatedGridOptions): Promise<Buffer> {
  const {
    frames,
    shape,
    captions,
    fps = 10,
    hold = 1,
    loop = 0,
    padding = 2,
    greys = 32,
  } = options;
  const [n, channels, , width] = shape;
  const columns = options.columns ?? Math.ceil(Math.sqrt(n));
  const scale = options.scale ?? Math.max(1, Math.round(256 / (columns * width)));
  const sheet = { shape, columns, scale, padding };
  check(options);
  for (const frame of frames) checkSheet(frame, sheet, "an animation");
  const tile = sheetSize(sheet);
  const bar = captions === undefined ? 0 : captionHeight;
  const longest = Math.max(0, ...(captions ?? []).map((text) => textWidth(text, fontSize)));
  const size = {
    width: Math.max(padding + tile.width, Math.ceil(longest) + 2 * padding),
    height: bar + padding + tile.height,
  };
  const colors = channels === 1 ? 1 : 3;
  if (
    size.width * size.height * frames.length > pixelLimit ||
    Math.max(size.width, size.height) > 65535
  ) {
    throw new RunError(
      "bad_argument",
      `an animation of ${frames.length} frames of ${size.width} × ${size.height} pixels is too large: take fewer frames or images, or a smaller scale`,
    );
  }
  const stack = Buffer.alloc(size.width * size.height * colors * frames.length, 255);
  const place = (bytes: Buffer, rowBytes: number, top: number, left: number) => {
    for (let y = 0; y * rowBytes < bytes.length; y++) {
      const to = ((top + y) * size.width + left) * colors;
      bytes.copy(stack, to, y * rowBytes, (y + 1) * rowBytes);
    }
  };
  for (const [k, frame] of frames.entries()) {
    const top = k * size.height;
    place(paintSheet(frame, sheet, { colors }), tile.width * colors, top + bar + padding, padding);
    const caption = captions?.[k];
    if (caption === undefined) continue;
    place(await drawCaption(caption, size.width, colors), size.width * colors, top, 0);
  }
  if (colors === 1) toGreys(stack, greys);
  const { default: sharp } = await import("sharp");
  const delay = frames.map((_, k) => {
    const stands = k === 0 || k === frames.length - 1;
    return Math.round(1000 * (stands ? Math.max(hold, 1 / fps) : 1 / fps));
  });
  const raw = { width: size.width, height: size.height * frames.length, channels: colors } as const;
  return sharp(stack, { raw: { ...raw, pageHeight: size.height } })
    .gif({ loop, delay, dither: 0, keepDuplicateFrames: true })
    .toBuffer();
}

/** A caption, dark on white, as bytes of a bar of the whole width. */
async function drawCaption(text: string, width: number, colors: 1 | 3): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${captionHeight}"><rect width="100%" height="100%" fill="white"/><text x="${width / 2}" y="13" text-anchor="middle" font-family="${fontFamily}" font-size="${fontSize}" fill="${ink}">${escapeXml(text)}</text></svg>`;
  const drawn = sharp(Buffer.from(svg)).removeAlpha();
  return (colors === 1 ? drawn.toColourspace("b-w") : drawn).raw().toBuffer();
}

/** Rounds bytes to so many greys at equal distances, black and white among them. */
function toGreys(bytes: Buffer, greys: number): void {
  const step = 255 / (greys - 1);
  const table = Uint8Array.from({ length: 256 }, (_, v) => Math.round(Math.round(v / step) * step));
  for (let i = 0; i < bytes.length; i++) bytes[i] = table[bytes[i] as number] as number;
}

function check(options: AnimatedGridOptions): void {
  const { frames, captions, fps = 10, hold = 1, loop = 0, greys = 32 } = options;
  const between = (value: number, low: number, high: number) => value >= low && value <= high;
  const fault =
    frames.length === 0
      ? "no frames, expected at least one"
      : captions !== undefined && captions.length !== frames.length
        ? `${captions.length} captions for ${frames.length} frames, expected one a frame`
        : !between(fps, 0.1, 50) || !between(hold, 0, 600)
          ? `fps ${fps} and hold ${hold}, expected 0.1 to 50 a second and 0 to 600 seconds`
          : !Number.isSafeInteger(loop) || !between(loop, 0, 65535)
            ? `loop ${loop}, expected 0 (for ever) to 65535`
            : !Number.isSafeInteger(greys) || !between(greys, 2, 256)
              ? `greys ${greys}, expected 2 to 256`
              : undefined;
  if (fault !== undefined) throw new RunError("bad_argument", `an animation was given ${fault}`);
}
