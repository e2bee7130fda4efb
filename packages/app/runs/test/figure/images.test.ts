// Pictures of many images: what is in the pixels comes out of the file, frame by frame.
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { animatedGrid, imageGrid, pathStrip, picturePng } from "../../src/figure/images.js";

/** A PNG, or a GIF's frames, as RGB bytes. */
async function decode(file: Buffer) {
  const picture = sharp(file, { animated: true });
  const { width, height: all, pageHeight: height = all, ...facts } = await picture.metadata();
  const data = await picture.removeAlpha().toColourspace("srgb").raw().toBuffer();
  const pixel = (x: number, y: number, frame = 0) => {
    const at = ((frame * height + y) * width + x) * 3;
    return [...data.subarray(at, at + 3)];
  };
  return { ...facts, width, height, pixel };
}

const grey = (v: number) => [v, v, v];

describe("animatedGrid", () => {
  it("shows each frame's images where they belong, at their time", async () => {
    // Four images of one pixel, black to white, that move on by one place a frame.
    const values = [0, 82, 173, 255];
    const frames = values.map((_, k) => Uint8Array.from(values, (_, i) => values[(i + k) % 4]!));
    const gif = await decode(await animatedGrid({ frames, shape: [4, 1, 1, 1] }));
    const [delay, size] = [[1000, 100, 100, 1000], 2 + 2 * 130];
    const facts = { format: "gif", width: size, height: size, pages: 4, delay, loop: 0 };
    expect(gif).toMatchObject(facts);
    for (const [k, frame] of frames.entries())
      for (const [i, value] of frame.entries()) {
        const [x, y] = [2 + 130 * (i % 2), 2 + 130 * (i >> 1)];
        expect(gif.pixel(x, y, k)).toEqual(grey(value));
        expect(gif.pixel(x + 127, y + 127, k)).toEqual(grey(value));
        expect(gif.pixel(x + 128, y, k)).toEqual(grey(255));
      }
  });

  it("keeps frames that do not change, and reads RGB planes", async () => {
    const red = new Uint8Array([200, 0, 10]);
    const gif = await animatedGrid({ frames: [red, red, red], shape: [1, 3, 1, 1] });
    const { pages, pixel } = await decode(gif);
    expect(pages).toBe(3);
    for (const frame of [0, 1, 2]) expect(pixel(5, 5, frame)).toEqual([200, 0, 10]);
  });

  it("writes a caption above each frame", async () => {
    const black = new Uint8Array(4 * 1024);
    const options = { frames: [black, black], shape: [4, 1, 32, 32] as const };
    const plain = await decode(await animatedGrid(options));
    const captions = ["t = 0.00", "t = 1.00"];
    const titled = await decode(await animatedGrid({ ...options, captions }));
    expect(titled.height - plain.height).toBe(18);
    const ink = (frame: number) =>
      Array.from({ length: 18 * titled.width }, (_, i) => [i % titled.width, i / titled.width])
        .filter(([x, y]) => titled.pixel(x!, Math.floor(y!), frame)[0]! < 128)
        .join(" ");
    expect(ink(0).length).toBeGreaterThan(100);
    expect(ink(1)).not.toBe(ink(0));
    expect(titled.pixel(10, 18 + 10, 1)).toEqual(grey(0));
  });

  it("keeps 31 frames of 64 noisy digits under a megabyte", async () => {
    let state = 1;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const gauss = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    const n = 64;
    const frames = Array.from({ length: 31 }, (_, k) => {
      const spread = 127.5 * Math.sqrt((k / 30) * (1 - k / 30));
      return Uint8Array.from({ length: n * 784 }, (_, i) => {
        const ring = Math.hypot((i % 28) - 14, (Math.floor(i / 28) % 28) - 14) - 6;
        const value = Math.max(0, 255 - 80 * Math.abs(ring)) + spread * gauss();
        return Math.min(255, Math.max(0, value));
      });
    });
    const gif = await animatedGrid({ frames, shape: [n, 1, 28, 28] });
    expect(gif.length).toBeLessThan(1e6);
    expect(gif.length).toBeGreaterThan(1e5);
    // 32 greys: no pixel is further off than half a step.
    const { pixel, width } = await decode(gif);
    expect(width).toBe(2 + 8 * 30);
    for (let i = 0; i < 784; i++) {
      const shown = pixel(2 + (i % 28), 2 + Math.floor(i / 28), 15);
      expect(Math.abs(shown[0]! - frames[15]![i]!)).toBeLessThanOrEqual(255 / 31 / 2 + 1);
    }
  });

  it("refuses what does not fit", async () => {
    const frame = new Uint8Array(4);
    const wide = { frames: [new Uint8Array(70_000)], shape: [1, 1, 1, 70_000] as const };
    for (const [change, message] of [
      [{ frames: [] }, /no frames/],
      [{ frames: [frame, new Uint8Array(3)] }, /3 values for shape \[1, 1, 2, 2\]/],
      [{ shape: [1, 2, 1, 2] as const }, /2 channels, expected 1 \(grey\) or 3 \(RGB\)/],
      [{ captions: ["a", "b"] }, /2 captions for 1 frames/],
      [wide, /too large: take fewer frames or images/],
    ] as const) {
      const options = { frames: [frame], shape: [1, 1, 2, 2] as const, ...change };
      await expect(animatedGrid(options)).rejects.toThrow(message);
    }
  });
});

describe("imageGrid", () => {
  it("places images row by row with padding", async () => {
    const images = new Uint8Array([0, 128, 255]);
    const { width, height, pixel } = await decode(
      await imageGrid({ images, shape: [3, 1, 1, 1], columns: 2 }),
    );
    expect([width, height]).toEqual([2 + 2 * 66, 2 + 2 * 66]);
    const centre = (i: number) => pixel(34 + 66 * (i % 2), 34 + 66 * Math.floor(i / 2));
    expect([0, 1, 2].map(centre)).toEqual([0, 128, 255].map(grey));
    for (const i of [0, 1, 67]) expect(pixel(i, 30)).toEqual(grey(255));
  });

  it("reads RGB planes, as picturePng does pixel for pixel", async () => {
    const images = new Uint8Array([0, 100, 255]);
    const { pixel } = await decode(await imageGrid({ images, shape: [1, 3, 1, 1], columns: 1 }));
    expect(pixel(5, 5)).toEqual([0, 100, 255]);
    const picture = await decode(await picturePng(images, [3, 1, 1]));
    expect([picture.width, picture.height, picture.pixel(0, 0)]).toEqual([1, 1, [0, 100, 255]]);
  });

  it("makes room for titles", async () => {
    const base = { images: new Uint8Array(32).fill(255), shape: [2, 1, 4, 4] as const, columns: 2 };
    const plain = await decode(await imageGrid(base));
    const titles = { columnTitles: ["source", "t = 0"], title: "Digits of two kinds" };
    const png = await imageGrid({ ...base, ...titles });
    const titled = await decode(png);
    expect(titled.width).toBeGreaterThan(plain.width);
    expect(titled.height).toBeGreaterThan(plain.height);
    // The images are white: what is dark is text.
    const { channels } = await sharp(png).stats();
    expect(channels[0]!.min).toBeLessThan(100);
  });

  it.each([
    [[2, 2, 2, 1], 1],
    [[2, 1, 2, 1], 1],
    [[2, 1, 2, 2], 0],
  ] as const)("refuses 8 values as %j in %i columns", async (shape, columns) => {
    const given = imageGrid({ images: new Uint8Array(8), shape, columns });
    await expect(given).rejects.toThrow(/an image grid was given/);
  });
});

describe("pathStrip", () => {
  it("has a row for each of 8 images and a column for each of 9 times, the ends among them", async () => {
    // The value of image i at time k is 25 i + 2 k.
    const [count, n] = [12, 9];
    const path = Uint8Array.from(
      { length: count * n },
      (_, at) => 25 * (at % n) + 2 * Math.floor(at / n),
    );
    const times = Array.from({ length: count }, (_, k) => k / 11);
    const { width, height, pixel } = await decode(
      await pathStrip({ path, shape: [count, n, 1, 1, 1], times }),
    );
    const top = height - 8 * 66;
    expect([width, top]).toEqual([2 + 9 * 66, 17]);
    const picked = [0, 1, 3, 4, 6, 7, 8, 10, 11];
    for (let row = 0; row < 8; row++)
      expect(picked.map((_, c) => pixel(34 + 66 * c, top + 32 + 66 * row)[0])).toEqual(
        picked.map((k) => 25 * row + 2 * k),
      );
  });

  it("refuses what does not fit", async () => {
    const base = { path: new Uint8Array(8), shape: [2, 1, 1, 2, 2] as const, times: [0, 1] };
    await expect(pathStrip({ ...base, times: [0] })).rejects.toThrow(/1 times, expected 2/);
    const shape = [2, 2, 1, 2, 2] as const;
    await expect(pathStrip({ ...base, shape })).rejects.toThrow(/8 values for shape/);
  });
});
