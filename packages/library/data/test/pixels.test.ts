// Bytes to numbers and back: all 256 of them, to the bit.

import { decodeImages, encodeImages, flipImages } from "@dsbm/bridge";
import { arange, setNumThreads, tensor, zeros } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { seeded } from "../../../../test/support/numbers.js";

beforeAll(() => setNumThreads(1));

const bytes = () =>
  tensor(
    Uint8Array.from({ length: 256 }, (_, k) => k),
    { shape: [4, 1, 8, 8] },
  );

describe("decodeImages and encodeImages", () => {
  it("give every byte the float32 of k/255, minus a half, twice", () => {
    const decoded = decodeImages(bytes());
    expect(decoded.shape).toEqual([4, 1, 8, 8]);
    expect(decoded.dtype).toBe("float32");
    const exact = Array.from(
      { length: 256 },
      (_, k) => Math.fround(Math.fround(k / 255) - 0.5) * 2,
    );
    expect(decoded.toNumbers()).toEqual(exact);
    expect([exact[0], exact[255]]).toEqual([-1, 1]);
  });

  it("are inverse on bytes; what is beyond is cut off, NaN is black", () => {
    const back = encodeImages(decodeImages(bytes()));
    expect(back.dtype).toBe("uint8");
    expect(back.toNumbers()).toEqual(bytes().toNumbers());
    const odd = tensor([-1.5, 1.01, Number.NaN, Infinity, -Infinity, 0.5 / 127.5 - 1 + 1e-4]);
    expect(encodeImages(odd).toNumbers()).toEqual([0, 255, 0, 255, 0, 1]);
  });

  it("pass float32 unchanged and refuse other types", () => {
    const x = zeros([2, 1, 3, 3]);
    expect(decodeImages(x)).toBe(x);
    expect(() => decodeImages(zeros([2, 1, 3, 3], { dtype: "int64" }))).toThrow(
      "images of int64; expected uint8 or float32",
    );
  });
});

describe("flipImages", () => {
  it("mirrors whole images left to right, about half of them, the same for a seed", () => {
    const n = 400;
    // Channel c of image i holds 100·c + column, so that the first pixel shows whether an image is mirrored.
    const x = arange(0, 5, { dtype: "float32" })
      .view([1, 1, 1, 5])
      .add(arange(0, 3, { dtype: "float32" }).mul(100).view([1, 3, 1, 1]))
      .expand([n, 3, 2, 5]);
    const flipped = flipImages(x, { generator: seeded(1) });
    const mirrored = flipped.select(1, 0).select(1, 0).select(1, 0).toNumbers();
    expect(new Set(mirrored)).toEqual(new Set([0, 4]));
    const share = mirrored.filter((first) => first === 4).length / n;
    expect(Math.abs(share - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / n));
    mirrored.forEach((first, i) => {
      const want = first === 4 ? x.select(0, i).flip([2]) : x.select(0, i);
      expect(flipped.select(0, i).toNumbers()).toEqual(want.toNumbers());
    });
    const again = flipImages(x, { generator: seeded(1) });
    expect(again.toNumbers()).toEqual(flipped.toNumbers());
  });
});
