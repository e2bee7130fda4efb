// Safetensors: round trips, the bytes of the format worked out by hand, and a table of bad files.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scratch } from "../../../../../test/support/scratch.js";
import { type DType, fromTyped, itemSize, type RawArray } from "../../src/io/raw.js";
import { decode, encode } from "../../src/io/safetensors.js";
import { loadTensors } from "../../src/io/tensors.js";

const folder = scratch();

/** A file from a header in plain text and a number of data bytes. */
function file(header: string | Uint8Array, data = 0, length?: number | bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const tensor = (begin: number, end: number, shape = [(end - begin) / 4], dtype = "F32") =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

const array: fc.Arbitrary<RawArray> = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(itemSize) as DType[])),
    shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
  })
  .chain(({ dtype, shape }) => {
    const length = shape.reduce((p, q) => p * q, itemSize[dtype]);
    const bytes = { minLength: length, maxLength: length };
    const byte = { max: dtype === "bool" ? 1 : 255 };
    return fc.uint8Array({ ...bytes, ...byte }).map((data) => ({ dtype, shape, data }));
  });

describe("encode and decode", () => {
  it("give back any arrays under any names", () => {
    const name = fc.string({ unit: "grapheme" }).filter((s) => s !== "__metadata__");
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.array(array), (names, arrays) => {
        const given = new Map(
          names.slice(0, arrays.length).map((key, k) => [key, arrays[k]] as const),
        );
        const bytes = encode(given, { note: "x" });
        const { tensors, metadata } = decode(bytes);
        expect(metadata).toEqual({ note: "x" });
        expect(new Set(tensors.keys())).toEqual(new Set(given.keys()));
        for (const [key, value] of given) {
          const found = tensors.get(key)!;
          expect(found.dtype).toBe(value.dtype);
          expect(found.shape).toEqual(value.shape);
          expect(Buffer.compare(found.data, value.data)).toBe(0);
        }
        expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
      }),
      { seed: 31, numRuns: 200 },
    );
  });

  it("write the format's bytes", () => {
    const bytes = encode({ b: fromTyped(Float32Array.of(1)), a: fromTyped(Uint8Array.of(7)) });
    const header =
      '{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' +
      '"a":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    const expected = file(padded, 5);
    expected.set([0, 0, 0x80, 0x3f, 7], 8 + padded.length);
    expect(bytes).toEqual(expected);
  });

  it("keep the order of a Map, whatever its names look like", () => {
    const one = fromTyped(Uint8Array.of(1));
    const names = ["10", "b", "2", "__proto__", "a"];
    const given = new Map(names.map((name) => [name, one]));
    expect([...decode(encode(given)).tensors.keys()]).toEqual(names);
  });

  it("refuse tensors outside the format", () => {
    const one = fromTyped(Uint8Array.of(1));
    const code = (code: string) => expect.objectContaining({ code });
    expect(() => encode({ __metadata__: one })).toThrow(code("InvalidHeader"));
    expect(() => encode({ "\ud800": one })).toThrow(code("InvalidHeader"));
    expect(() => encode({}, { a: 1 as unknown as string })).toThrow(code("InvalidHeader"));
    expect(() => encode({ a: { ...one, shape: [2] } })).toThrow(code("SizeMismatch"));
  });
});

const a = `{"a":${tensor(0, 4)}`;
const badFiles: [string, string, Uint8Array][] = [
  ["nothing", "HeaderTooShort", new Uint8Array(0)],
  ["a header of 100 MB and one", "HeaderTooLarge", file("{}", 0, 100_000_001)],
  ["a length of 2^64 − 1", "HeaderTooLarge", file("{}", 0, 2n ** 64n - 1n)],
  ["a cut header", "IncompleteFile", file("{}", 0, 3)],
  ["a byte order mark", "InvalidHeader", file("\ufeff{}")],
  ["cut JSON", "InvalidHeader", file('{"a":')],
  ["no UTF-8", "InvalidHeader", file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d))],
  ["deep nesting", "InvalidHeader", file(`{"a":${"[".repeat(1e6)}`)],
  ["a tensor without a shape", "InvalidHeader", file('{"a":{"dtype":"F32","data_offsets":[0,0]}}')],
  ["a fraction in a shape", "InvalidShape", file(`{"a":${tensor(0, 4, [1.5])}}`, 4)],
  ["a negative size", "InvalidShape", file(`{"a":${tensor(0, 4, [-1])}}`, 4)],
  ["metadata that is no text", "InvalidHeader", file('{"__metadata__":{"a":1}}')],
  ["an unknown dtype", "UnknownDtype", file(`{"a":${tensor(0, 4, [1], "F33")}}`, 4)],
  ["a dtype of Object.prototype", "UnknownDtype", file(`{"a":${tensor(0, 4, [1], "valueOf")}}`, 4)],
  ["a name twice", "InvalidOffset", file(`${a},"a":${tensor(4, 8)}}`, 8)],
  ["a hole", "InvalidOffset", file(`${a},"b":${tensor(8, 12)}}`, 12)],
  ["an overlap", "InvalidOffset", file(`${a},"b":${tensor(0, 8)}}`, 8)],
  ["an end before its begin", "InvalidOffset", file(`{"a":${tensor(4, 0, [])}}`, 4)],
  ["an offset of 2^53", "InvalidOffset", file(a.replace("[0,4]", `[0,${2 ** 53}]`).concat("}"), 4)],
  ["sizes that disagree", "SizeMismatch", file(`{"a":${tensor(0, 4, [2])}}`, 4)],
  ["sizes that overflow", "InvalidShape", file(`{"a":${tensor(0, 0, [2 ** 32, 2 ** 32])}}`)],
  ["a cut tensor", "IncompleteFile", file(`${a}}`, 3)],
  ["bytes after the last tensor", "SizeMismatch", file(`${a}}`, 5)],
  ["a bool of 2", "InvalidValue", file(`{"a":${tensor(0, 1, [1], "BOOL")}}`, 1).fill(2, -1)],
];

describe("bad files", () => {
  it.each(badFiles)("%s: %s", (what, code, bytes) => {
    const refusal = expect.objectContaining({
      code,
      message: expect.stringMatching(/^bad\.safetensors[^\n\r]{10,}$/),
    });
    expect(() => decode(bytes, "bad.safetensors")).toThrow(refusal);
    const path = join(folder, `${what.replaceAll(/\W/g, "-")}.safetensors`);
    writeFileSync(path, bytes);
    expect(() => loadTensors(path)).toThrow(expect.objectContaining({ code }));
  });

  it("never decode to other values: any changed byte, any cut", () => {
    const bytes = encode({ a: fromTyped(Float32Array.of(1, 2)), b: fromTyped(Uint8Array.of(3)) });
    const survive = (changed: Uint8Array) => {
      try {
        for (const { dtype, shape, data } of decode(changed).tensors.values()) {
          expect(data.length).toBe(shape.reduce((p, q) => p * q, itemSize[dtype]));
        }
      } catch (error) {
        expect(error).toHaveProperty("source");
      }
    };
    for (let at = 0; at < bytes.length; at++) {
      expect(() => decode(bytes.subarray(0, at))).toThrow(/expected/);
      for (const byte of [0, 0x22, 0x2c, 0x7d, 0x5b, 0xff, bytes[at] ^ 1]) {
        const changed = bytes.slice();
        changed[at] = byte;
        survive(changed);
      }
    }
  });
});

it("loadTensors says which path it could not read", () => {
  const missing = join(folder, "missing.safetensors");
  expect(() => loadTensors(missing)).toThrow(/missing\.safetensors: ENOENT/);
  expect(() => loadTensors(folder)).toThrow(expect.objectContaining({ code: "Unreadable" }));
  // A pipe does not keep the reader waiting.
  const pipe = join(folder, "pipe.safetensors");
  execFileSync("mkfifo", [pipe]);
  expect(() => loadTensors(pipe)).toThrow(expect.objectContaining({ code: "Unreadable" }));
});
