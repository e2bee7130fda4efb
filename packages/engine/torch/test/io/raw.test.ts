// Elements and their bytes: conversions against values worked out by hand.
import { describe, expect, it } from "vitest";
import { type DType, fromTyped } from "../../src/io/raw.js";
import { toFloat32, toFloat64 } from "../../src/io/tensors.js";

const rawArray = (dtype: DType, bytes: number[], shape: number[]) => ({
  dtype,
  shape,
  data: Uint8Array.from(bytes),
});

describe("toFloat32 and toFloat64", () => {
  it("read every dtype", () => {
    const one: [DType, number[], number][] = [
      ["float32", [0, 0, 0xc0, 0xbf], -1.5],
      ["float64", [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], 1.5],
      ["bfloat16", [0xc0, 0xbf], -1.5],
      ["int64", [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], -2],
      ["int32", [0, 1, 0, 0], 256],
      ["int16", [0xff, 0xff], -1],
      ["int8", [0x80], -128],
      ["uint8", [0x80], 128],
      ["bool", [1], 1],
    ];
    for (const [dtype, bytes, value] of one) {
      expect([...toFloat64(rawArray(dtype, bytes, []))], dtype).toEqual([value]);
      expect([...toFloat32(rawArray(dtype, bytes, [1]))], dtype).toEqual([value]);
    }
  });

  it("read half precision: normal, subnormal, signed zero, infinities, NaN", () => {
    const bits = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x83ff, 0x8000, 0x7c00, 0xfc00, 0x7e00];
    const bytes = bits.flatMap((b) => [b & 255, b >> 8]);
    const values = [1, -2, 65504, 2 ** -24, -1023 * 2 ** -24, -0, Infinity, -Infinity, NaN];
    expect([...toFloat64(rawArray("float16", bytes, [9]))]).toEqual(values);
  });
});

describe("fromTyped", () => {
  it("refuses shapes that do not fit and types without a dtype", () => {
    expect(() => fromTyped(Float32Array.of(1, 2), [3])).toThrow(/8 bytes: expected 12/);
    expect(() => fromTyped(Uint16Array.of(1) as unknown as Uint8Array)).toThrow(/no dtype/);
  });
});
