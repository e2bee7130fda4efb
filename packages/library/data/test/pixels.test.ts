// Bytes to numbers and back: all 256 of them, to the bit.

import { decodeImages, encodeImages } from "@dsbm/bridge";
import { setNumThreads, tensor, zeros } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";

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

  it("are inverse on bytes; values beyond are clipped, NaN is black", () => {
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
