// Pictures of many images: what is in the pixels comes out of the file, frame by frame.
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { animatedGrid } from "../../src/figure/animation.js";
import { imageGrid, pathStrip } from "../../src/figure/grid.js";

/** Pseudo-random numbers in [0, 1), the same every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A GIF's frames as RGB bytes, all of the same size. */
async function decode(gif: Buffer) {
  const { width, pageHeight, pages, delay, loop, format } = await sharp(gif, {
    animated: true,
  }).metadata();
  const data = await sharp(gif, { animated: true }).removeAlpha().raw().toBuffer();
  const height = pageHeight as number;
  const pixel = (frame: number, x: number, y: number) => {
    const at = ((frame * height + y) * width + x) * 3;
    return [...data.subarray(at, at + 3)];
  };
  return { format, width, height, pages, delay, loop, pixel };
}

const grey = (v: number) => [v, v, v];

describe("animatedGrid", () => {
  it("shows each frame's images where they belong, at their time", async () => {
    // Four images of one pixel, black to white, that move on by one place a frame.
    const values = [0, 82, 173, 255];
    const frames = values.map((_, k) => Uint8Array.from(values, (_, i) => values[(i + k) % 4]!));
    const shape = [4, 1, 1, 1] as const;
    const gif = await animatedGrid({ frames, shape, columns: 2, scale: 3, fps: 20 });
    const { pixel, ...facts } = await decode(gif);
    const delay = [1000, 50, 50, 1000];
    const size = 2 + 2 * 5;
    expect(facts).toEqual({ format: "gif", width: size, height: size, pages: 4, delay, loop: 0 });
    for (const [k, frame] of frames.entries()) {
      for (const [i, value] of frame.entries()) {
        const [x, y] = [2 + 5 * (i % 2), 2 + 5 * (i >> 1)];
        expect(pixel(k, x, y)).toEqual(grey(value));
        expect(pixel(k, x + 2, y + 2)).toEqual(grey(value));
        expect(pixel(k, x + 3, y)).toEqual(grey(255));
      }
    }
  });

  it("keeps frames that do not change, and reads RGB planes", async () => {
    const red = new Uint8Array([200, 0, 10]);
    const gif = await animatedGrid({ frames: [red, red, red], shape: [1, 3, 1, 1], scale: 8 });
    const { pages, pixel, loop } = await decode(gif);
    expect([pages, loop]).toEqual([3, 0]);
    for (const frame of [0, 1, 2]) expect(pixel(frame, 5, 5)).toEqual([200, 0, 10]);
  });

  it("writes a caption above each frame", async () => {
    const black = new Uint8Array(4 * 1024);
    const shape = [4, 1, 32, 32] as const;
    const frames = [black, black];
    const plain = await decode(await animatedGrid({ frames, shape, scale: 1 }));
    const captions = ["t = 0.00", "t = 1.00"];
    const titled = await decode(await animatedGrid({ frames, shape, scale: 1, captions }));
    expect(titled.height - plain.height).toBe(18);
    const ink = (frame: number) => {
      let dark = "";
      for (let y = 0; y < 18; y++) {
        for (let x = 0; x < titled.width; x++)
          if (titled.pixel(frame, x, y)[0]! < 128) dark += `${x},${y} `;
      }
      return dark;
    };
    expect(ink(0).length).toBeGreaterThan(100);
    expect(ink(1)).not.toBe(ink(0));
    expect(titled.pixel(1, 10, 18 + 10)).toEqual(grey(0));
  });

  it("keeps 31 frames of 64 noisy digits under a megabyte", async () => {
    const next = random(1);
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
      const shown = pixel(15, 2 + (i % 28), 2 + Math.floor(i / 28));
      expect(Math.abs(shown[0]! - frames[15]![i]!)).toBeLessThanOrEqual(255 / 31 / 2 + 1);
    }
  });

  it("refuses what does not fit", async () => {
    const frame = new Uint8Array(4);
    const base = { frames: [frame], shape: [1, 1, 2, 2] as const };
    for (const [change, message] of [
      [{ frames: [] }, /no frames/],
      [{ frames: [frame, new Uint8Array(3)] }, /3 values for shape \[1, 1, 2, 2\]/],
      [{ shape: [1, 2, 1, 2] as const }, /2 channels, expected 1 \(grey\) or 3 \(RGB\)/],
      [{ captions: ["a", "b"] }, /2 captions for 1 frames/],
      [{ fps: 60 }, /fps 60/],
      [{ fps: Number.NaN }, /fps NaN/],
      [{ columns: 0 }, /columns 0/],
      [{ scale: 20_000 }, /too large: take fewer frames or images, or a smaller scale/],
    ] as const) {
      await expect(animatedGrid({ ...base, ...change })).rejects.toThrow(message);
    }
  });
});

describe("imageGrid", () => {
  /** The RGB pixel of a PNG. */
  async function pixel(png: Buffer, x: number, y: number): Promise<number[]> {
    const { data, info } = await sharp(png)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const at = (y * info.width + x) * info.channels;
    return [...data.subarray(at, at + 3)];
  }

  it("places images row by row with padding, and clips to the range", async () => {
    const images = new Float32Array([-1, 0, 1, 5, -5, Number.NaN]);
    const png = await imageGrid({ images, shape: [6, 1, 1, 1], columns: 3, padding: 2, scale: 4 });
    const { width, height } = await sharp(png).metadata();
    expect([width, height]).toEqual([2 + 3 * 6, 2 + 2 * 6]);
    const centre = (i: number) => [4 + 6 * (i % 3), 4 + 6 * Math.floor(i / 3)] as const;
    const seen = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => pixel(png, ...centre(i))));
    expect(seen.map((rgb) => rgb.join())).toEqual([
      "0,0,0",
      "128,128,128",
      "255,255,255",
      "255,255,255",
      "0,0,0",
      "255,0,255",
    ]);
    expect(await pixel(png, 0, 0)).toEqual([255, 255, 255]);
  });

  it("reads RGB planes, and bytes as they are", async () => {
    const layout = { columns: 1, padding: 0, scale: 2, shape: [1, 3, 1, 1] as const };
    const real = await imageGrid({ ...layout, images: new Float32Array([1, -1, 0]) });
    expect(await pixel(real, 1, 1)).toEqual([255, 0, 128]);
    const bytes = await imageGrid({ ...layout, images: new Uint8Array([0, 100, 255]) });
    expect(await pixel(bytes, 1, 1)).toEqual([0, 100, 255]);
  });

  it("makes room for titles", async () => {
    const images = new Float32Array(2 * 16).fill(1);
    const base = { images, shape: [2, 1, 4, 4] as const, columns: 2, padding: 4 };
    const plain = await sharp(await imageGrid(base)).metadata();
    const titles = { columnTitles: ["source", "t = 0"], title: "Digits of two kinds" };
    const png = await imageGrid({ ...base, ...titles });
    const titled = await sharp(png).metadata();
    expect(titled.width).toBeGreaterThan(plain.width);
    expect(titled.height).toBeGreaterThan(plain.height);
    // The images are white: what is dark is text.
    const { channels } = await sharp(png).stats();
    expect(channels[0]!.min).toBeLessThan(100);
  });

  it("refuses sizes that do not fit", async () => {
    const images = new Float32Array(8);
    for (const [shape, columns] of [
      [[2, 2, 2, 1], 1],
      [[2, 1, 2, 1], 1],
      [[2, 1, 2, 2], 0],
    ] as const) {
      await expect(imageGrid({ images, shape, columns })).rejects.toThrow(
        /an image grid was given/,
      );
    }
  });
});

describe("pathStrip", () => {
  it("has a row an image and a column a time, the ends among them", async () => {
    // The value of image i at time k is 50 i + 10 k.
    const [times, n] = [5, 3];
    const path = Uint8Array.from(
      { length: times * n },
      (_, at) => 50 * (at % n) + 10 * Math.floor(at / n),
    );
    const png = await pathStrip({
      path,
      shape: [times, n, 1, 1, 1],
      times: [0, 0.25, 0.5, 0.75, 1],
      rows: 2,
      columns: 3,
      scale: 40,
      padding: 0,
    });
    const { data, info } = await sharp(png)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const top = info.height - 2 * 40;
    expect([info.width, top]).toEqual([3 * 40, 15]);
    const shown = [0, 1].map((row) =>
      [0, 1, 2].map((column) => data[((top + 20 + 40 * row) * info.width + 20 + 40 * column) * 3]),
    );
    expect(shown).toEqual([
      [0, 20, 40],
      [50, 70, 90],
    ]);
  });

  it("takes real numbers and refuses what does not fit", async () => {
    const path = new Float32Array(2 * 4);
    const shape = [2, 1, 1, 2, 2] as const;
    const size = await sharp(await pathStrip({ path, shape, times: [0, 1], scale: 10 })).metadata();
    expect(size.width).toBe(2 + 2 * 22);
    for (const [change, message] of [
      [{ times: [0] }, /1 times, expected 2/],
      [{ shape: [2, 2, 1, 2, 2] as const }, /8 values for shape/],
      [{ columns: 1 }, /columns 1, expected whole numbers from 1 and from 2 on/],
    ] as const) {
      await expect(pathStrip({ path, shape, times: [0, 1], ...change })).rejects.toThrow(message);
    }
  });
});
