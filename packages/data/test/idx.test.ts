import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parseIdx, readIdx } from "../src/files/idx.js";
import { idx, testFolders } from "./files.js";

const fresh = testFolders();

const code = (code: string) => expect.objectContaining({ name: "DatasetError", code });

describe("readIdx", () => {
  it("reads sizes and elements, gzipped or not, whatever the name", () => {
    const bytes = idx([2, 1, 3], [1, 2, 3, 4, 5, 255]);
    for (const [name, content] of [
      ["plain", bytes],
      ["packed", gzipSync(bytes)],
    ] as const) {
      const { shape, data } = readIdx(join(fresh({ [name]: content }), name));
      expect(shape).toEqual([2, 1, 3]);
      expect([...data]).toEqual([1, 2, 3, 4, 5, 255]);
    }
  });

  it.each([
    ["nothing", "IncompleteFile", new Uint8Array(0)],
    ["a cut header", "IncompleteFile", idx([2, 2], []).subarray(0, 11)],
    ["cut elements", "IncompleteFile", idx([2, 2], [1, 2, 3])],
    ["sizes beyond any file", "IncompleteFile", idx([2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], [])],
    ["more elements", "SizeMismatch", idx([2, 2], [1, 2, 3, 4, 5])],
    ["another format", "NotIdx", new TextEncoder().encode("<html>")],
    ["no dimensions", "NotIdx", idx([], [1])],
    ["an unknown type", "NotIdx", idx([1], [1], 7)],
    ["floats", "UnsupportedType", idx([1], [0, 0, 0, 0], 13)],
    ["a cut gzip", "BadGzip", gzipSync(idx([2, 2], [1, 2, 3, 4])).subarray(0, 20)],
  ])("refuses %s: %s", (what, expected, bytes) => {
    const path = join(fresh({ [what]: bytes }), what);
    const message = expect.stringMatching(new RegExp(`${what}: [^\\n]{10,}$`));
    expect(() => readIdx(path)).toThrow(
      expect.objectContaining({ name: "DatasetError", code: expected, message }),
    );
  });

  it("says how many bytes it found and expected", () => {
    expect(() => parseIdx(idx([2, 2], [1, 2, 3]), "cut.idx")).toThrow(
      "cut.idx: ends after 15 bytes: expected 16 bytes for [2, 2]; download it again",
    );
    expect(() => readIdx(join(fresh(), "missing"))).toThrow(code("Unreadable"));
  });
});
