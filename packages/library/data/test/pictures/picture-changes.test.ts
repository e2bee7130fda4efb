// Formats and colours of image files, their decoded pixels, and what a dataset says that decoding changed.
import sharp, { type Sharp } from "sharp";
import { expect, it } from "vitest";
import { loadTable, prepareTable } from "../../src/registry.js";
import { testFolders, writeFiles } from "../files.js";

const newFolder = testFolders();

const orangeBytes = [200, 100, 50];

/** One colour, with alpha or without. */
const plainPicture = ({ alpha, height = 8 }: { alpha?: number; height?: number } = {}): Sharp => {
  const [r, g, b] = orangeBytes;
  const background = { r, g, b, ...(alpha !== undefined && { alpha }) };
  const channels = alpha === undefined ? 3 : 4;
  return sharp({ create: { width: 8, height, channels, background } }).png();
};

/** A red frame, then a blue one. */
const animation = (): Sharp =>
  sharp(
    Uint8Array.from({ length: 384 }, (_, k) => (k % 3 === (k < 192 ? 0 : 2) ? 255 : 0)),
    {
      raw: { width: 8, height: 16, channels: 3, pageHeight: 8 },
    },
  );

/** Red on the left, blue on the right; red is above after a quarter turn to the right. */
const twoColours = (): Sharp =>
  sharp(
    Uint8Array.from({ length: 384 }, (_, k) => {
      const isLeft = Math.floor(k / 3) % 16 < 8;
      return k % 3 === (isLeft ? 0 : 2) ? 255 : 0;
    }),
    { raw: { width: 16, height: 8, channels: 3 } },
  );

it.each<
  [
    what: string,
    image: () => Sharp,
    note: string[],
    colour: number[],
    background?: string,
    channels?: number,
  ]
>([
  ["an opaque PNG with alpha", () => plainPicture({ alpha: 1 }), [], orangeBytes],
  ["a palette GIF", () => plainPicture().gif(), [], orangeBytes],
  [
    "a clear PNG",
    () => plainPicture({ alpha: 0 }),
    ["transparent: placed on white"],
    [255, 255, 255],
  ],
  [
    "on black",
    () => plainPicture({ alpha: 0 }),
    ["transparent: placed on black"],
    [0, 0, 0],
    "black",
  ],
  [
    "half clear",
    () => plainPicture({ alpha: 0.5 }),
    ["transparent: placed on #0000ff"],
    [100, 50, 153],
    "#0000ff",
  ],
  [
    "half clear, kept",
    () => plainPicture({ alpha: 0.5 }),
    ["transparent: kept as a fourth channel"],
    [...orangeBytes, 128],
    "white",
    4,
  ],
  [
    "clear, kept",
    () => plainPicture({ alpha: 0 }),
    ["transparent: kept"],
    [0, 0, 255, 0],
    "#0000ff",
    4,
  ],
  ["opaque with four channels", () => plainPicture().jpeg(), [], [...orangeBytes, 255], "white", 4],
  [
    "grey and half clear, kept",
    () => plainPicture({ alpha: 0.5 }).greyscale().toColourspace("b-w"),
    ["transparent: kept"],
    [124, 124, 124, 128],
    "white",
    4,
  ],
  ["an animated GIF", () => animation().gif(), ["of several frames or pages"], [255, 0, 0]],
  [
    "an animated WebP",
    () => animation().webp({ lossless: true }),
    ["of several frames"],
    [255, 0, 0],
  ],
  [
    "a CMYK JPEG",
    () => plainPicture().toColourspace("cmyk").jpeg({ quality: 100 }),
    ["in CMYK"],
    [199, 94, 21],
  ],
  [
    "16 bits",
    () => plainPicture().toColourspace("rgb16").png(),
    ["of more than 8 bits"],
    orangeBytes,
  ],
  ["a tall image", () => plainPicture({ height: 40 }), ["not square: cropped"], orangeBytes],
  [
    "a turned JPEG",
    () => twoColours().withMetadata({ orientation: 6 }).jpeg(),
    ["not square: cropped"],
    [254, 0, 0],
  ],
])(
  "a folder says what decoding changed: %s",
  async (_, image, note, colour, background = "white", channels = 3) => {
    const folder = newFolder();
    const bytes = await image().toBuffer();
    const { format } = await sharp(bytes).metadata();
    writeFiles(folder, {
      [`train/a.${format}`]: bytes,
      "test/b.png": await plainPicture().toBuffer(),
    });
    const options = { split: "train", image_size: 8, background, channels } as const;
    await prepareTable(`folder:${folder}`, options);
    const { x, notes } = loadTable(`folder:${folder}`, options);
    expect(notes).toHaveLength(note.length);
    for (const [i, text] of note.entries()) expect(notes?.[i]).toContain(`1 ${text}`);
    const found = x.select(0, 0).select(1, 1).select(1, 1).toNumbers();
    colour.forEach((value, c) => {
      expect(Math.abs(found[c] - value)).toBeLessThanOrEqual(4);
    });
  },
);
