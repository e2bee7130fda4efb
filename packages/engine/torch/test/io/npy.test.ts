// .npy: bytes as NumPy writes them, both byte and index orders, bad files, rows and the writer.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scratch } from "../../../../../test/support/scratch.js";
import { decode, encode, NpyWriter } from "../../src/io/npy.js";
import { type DType, fromTyped, itemSize } from "../../src/io/raw.js";
import { toFloat32, toFloat64 } from "../../src/io/tensors.js";

const folder = scratch();

/** A file of this version with this dictionary, then these bytes. */
function file(dictionary: string, data: Uint8Array | number[] = [], major = 1): Uint8Array {
  const text = new TextEncoder().encode(dictionary);
  const length = major === 1 ? 2 : 4;
  const bytes = new Uint8Array(8 + length + text.length + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, major, 0]);
  const view = new DataView(bytes.buffer);
  if (major === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(text, 8 + length);
  bytes.set(data, 8 + length + text.length);
  return bytes;
}

const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

const bytesOf = (values: ArrayBufferView) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

describe("encode", () => {
  it("writes what NumPy writes", () => {
    const bytes = encode(fromTyped(Float32Array.of(0, 1, 2)));
    const text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }".padEnd(117);
    expect(bytes.subarray(0, 128)).toEqual(file(`${text}\n`));
    expect(bytes.subarray(128)).toEqual(bytesOf(Float32Array.of(0, 1, 2)));
  });

  it("gives back any array of any dtype", () => {
    const dtypes = (Object.keys(itemSize) as DType[]).filter((dtype) => dtype !== "bfloat16");
    const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...dtypes), shape, fc.nat(255), (dtype, shape, salt) => {
        const length = shape.reduce((p, q) => p * q, itemSize[dtype]);
        const data = Uint8Array.from({ length }, (_, k) =>
          dtype === "bool" ? (k + salt) % 2 : (k * 37 + salt) % 256,
        );
        const bytes = encode({ dtype, shape, data });
        expect((bytes.length - length) % 64).toBe(0);
        expect(decode(bytes)).toEqual({ dtype, shape, data });
      }),
      { seed: 41, numRuns: 200 },
    );
  });
});

describe("decode", () => {
  it("reads versions 1.0, 2.0 and 3.0", () => {
    for (const major of [1, 2, 3]) {
      const found = decode(file(header("<i2", "(2, 1)"), [1, 0, 255, 255], major));
      expect(found).toMatchObject({ dtype: "int16", shape: [2, 1] });
      expect([...toFloat32(found)]).toEqual([1, -1]);
    }
  });

  it("reads big-endian elements", () => {
    const f8 = file(header(">f8", "(1,)"), [0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18]);
    expect([...toFloat64(decode(f8))]).toEqual([Math.PI]);
    expect([
      ...toFloat64(decode(file(header(">i4", "(2,)"), [0, 0, 1, 2, 255, 255, 255, 254]))),
    ]).toEqual([258, -2]);
    expect([...toFloat64(decode(file(header(">f2", "()"), [0x3c, 0])))]).toEqual([1]);
  });

  it("turns Fortran order into C order", () => {
    // Element [i, j, k] is 100 i + 10 j + k; the first index runs fastest.
    const values: number[] = [];
    for (const k of [0, 1])
      for (const j of [0, 1, 2])
        for (const i of [0, 1]) {
          values.push(100 * i + 10 * j + k);
        }
    const fortran = file(header("|u1", "(2, 3, 2)", "True"), values);
    expect([...decode(fortran).data]).toEqual([0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121]);
    const big = file(header(">i2", "(2, 2)", "True"), [0, 1, 0, 2, 0, 3, 0, 4]);
    expect([...toFloat32(decode(big))]).toEqual([1, 3, 2, 4]);
    expect(decode(file(header("|u1", "(0, 3)", "True"))).shape).toEqual([0, 3]);
  });

  const bad: [string, string, Uint8Array][] = [
    ["nothing", "HeaderTooShort", new Uint8Array(0)],
    ["another format", "NotThisFormat", new TextEncoder().encode("PK\u0003\u0004 a zip file")],
    ["version 4", "InvalidHeader", file(header("<f4", "()"), [0, 0, 0, 0], 4)],
    ["a cut header", "IncompleteFile", file(header("<f4", "()")).subarray(0, 40)],
    ["a header of 4 GB", "HeaderTooLarge", file("", [], 2).fill(255, 8, 12)],
    ["code", "InvalidHeader", file("__import__('os').system('true')")],
    ["deep nesting", "InvalidHeader", file("[".repeat(60000))],
    ["a key twice", "InvalidHeader", file("{'descr': '<f4', 'descr': '<f4', 'shape': ()}")],
    ["a missing key", "InvalidHeader", file("{'descr': '<f4', 'shape': ()}")],
    ["a negative size", "InvalidShape", file(header("<f4", "(-1,)"))],
    ["sizes that overflow", "InvalidShape", file(header("<f4", "(99999999999, 99999999999)"))],
    ["pickled objects", "UnknownDtype", file(header("|O", "()"))],
    ["complex numbers", "UnknownDtype", file(header("<c8", "()"), new Uint8Array(8))],
    ["a cut array", "IncompleteFile", file(header("<f4", "(2,)"), new Uint8Array(7))],
    ["bytes after the array", "SizeMismatch", file(header("<f4", "(2,)"), new Uint8Array(9))],
    ["a bool of 2", "InvalidValue", file(header("|b1", "(1,)"), [2])],
  ];

  it.each(bad)("refuses %s: %s", (_, code, bytes) => {
    const message = expect.stringMatching(/^bad\.npy: [^\n\r]{10,}$/);
    expect(() => decode(bytes, "bad.npy")).toThrow(expect.objectContaining({ code, message }));
  });
});

describe("NpyWriter", () => {
  it("writes the file that encode writes, row by row", () => {
    const path = join(folder, "written.npy");
    const values = Float64Array.from({ length: 12 }, (_, k) => k / 7);
    const writer = new NpyWriter(path, "float64", [2, 1]);
    expect(decode(readFileSync(path)).shape).toEqual([0, 2, 1]);
    writer.append(fromTyped(values.subarray(0, 2), [2, 1]));
    writer.flush();
    expect(decode(readFileSync(path)).shape).toEqual([1, 2, 1]);
    writer.append(fromTyped(values.subarray(2, 8), [3, 2, 1]));
    writer.append(fromTyped(values.subarray(8), [2, 2, 1]));
    writer.close();
    writer.close();
    const whole = fromTyped(values, [6, 2, 1]);
    expect(writer.count).toBe(6);
    expect(new Uint8Array(readFileSync(path))).toEqual(encode(whole));
  });

  it("refuses rows of another shape, rows after closing, and missing folders", () => {
    const path = join(folder, "refused.npy");
    const writer = new NpyWriter(path, "float32", [2]);
    const code = (code: string) => expect.objectContaining({ code });
    expect(() => writer.append(fromTyped(Float32Array.of(1, 2, 3)))).toThrow(code("InvalidShape"));
    expect(() => writer.append(fromTyped(Float64Array.of(1, 2)))).toThrow(code("InvalidShape"));
    writer.close();
    expect(() => writer.append(fromTyped(Float32Array.of(1, 2)))).toThrow(code("Closed"));
    expect(decode(readFileSync(path)).shape).toEqual([0, 2]);
    expect(() => new NpyWriter(join(folder, "no", "x.npy"), "float32", [])).toThrow(/ENOENT/);
    expect(() => new NpyWriter(path, "bfloat16", [])).toThrow(code("UnknownDtype"));
  });
});
