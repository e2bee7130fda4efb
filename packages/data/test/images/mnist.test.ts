// IDX files written byte by byte, and the real MNIST from its package.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseIdx, readIdx } from "../../src/files/idx.js";
import { keepClasses } from "../../src/images/idx-images.js";
import { loadMnist, mnistFiles } from "../../src/images/mnist.js";
import { idx } from "../files.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsbm-mnist-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const code = (code: string) => expect.objectContaining({ name: "DatasetError", code });

describe("readIdx", () => {
  it("reads sizes and elements, gzipped or not, whatever the name", () => {
    const bytes = idx([2, 1, 3], [1, 2, 3, 4, 5, 255]);
    for (const [name, content] of [
      ["plain", bytes],
      ["packed", gzipSync(bytes)],
    ] as const) {
      const path = join(folder, name);
      writeFileSync(path, content);
      const { shape, data } = readIdx(path);
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
    const path = join(folder, what);
    writeFileSync(path, bytes);
    const message = expect.stringMatching(new RegExp(`${what}: [^\\n]{10,}$`));
    expect(() => readIdx(path)).toThrow(
      expect.objectContaining({ name: "DatasetError", code: expected, message }),
    );
  });

  it("says how many bytes it found and expected", () => {
    expect(() => parseIdx(idx([2, 2], [1, 2, 3]), "cut.idx")).toThrow(
      "cut.idx: ends after 15 bytes: expected 16 bytes for [2, 2]; fetch it again",
    );
    expect(() => readIdx(join(folder, "missing"))).toThrow(code("Unreadable"));
  });
});

describe("loadMnist", () => {
  it("loads the test split that the package ships", () => {
    const { images, labels, n, rows, cols } = loadMnist({ split: "test" });
    expect([n, rows, cols]).toEqual([10_000, 28, 28]);
    const { images: published } = mnistFiles.test;
    const md5 = createHash("md5").update(idx([n, rows, cols], []));
    expect(md5.update(images).digest("hex")).toBe(published.md5);
    // The class sizes of the published test set.
    const counts = new Array<number>(10).fill(0);
    labels.forEach((label) => {
      counts[label]! += 1;
    });
    expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  });

  it("keeps the classes asked for, in the order of the file", () => {
    const all = loadMnist({ split: "test" });
    const kept = loadMnist({ split: "test", classes: [2, 3] });
    expect(kept.n).toBe(1032 + 1010);
    expect(new Set(kept.labels)).toEqual(new Set([2, 3]));
    const at = [...all.labels].flatMap((label, i) => (label === 2 || label === 3 ? [i] : []));
    for (const k of [0, 1, 1000, kept.n - 1]) {
      const i = at[k]!;
      expect(kept.labels[k]).toBe(all.labels[i]);
      const image = kept.images.subarray(k * 784, (k + 1) * 784);
      expect(Buffer.compare(image, all.images.subarray(i * 784, (i + 1) * 784))).toBe(0);
    }
    expect(() => keepClasses(all, [2, 10])).toThrow(/classes \[2,10\]: expected some of 0, 1, 2/);
    expect(() => keepClasses(all, [])).toThrow(code("InvalidOption"));
  });

  it("loads a folder of one's own, by default its training split", () => {
    const own = join(folder, "own");
    mkdirSync(own);
    writeFileSync(join(own, "train-images-idx3-ubyte.gz"), gzipSync(idx([2, 1, 2], [1, 2, 3, 4])));
    writeFileSync(join(own, "train-labels.idx1-ubyte"), idx([2], [7, 5]));
    const found = loadMnist({ directory: own });
    expect(found).toEqual({
      images: Uint8Array.of(1, 2, 3, 4),
      labels: Uint8Array.of(7, 5),
      n: 2,
      rows: 1,
      cols: 2,
    });
    writeFileSync(join(own, "train-labels.idx1-ubyte"), idx([3], [7, 5, 1]));
    expect(() => loadMnist({ directory: own })).toThrow(/labels of \[3\]: expected \[2\]/);
    writeFileSync(join(own, "train-labels.idx1-ubyte"), idx([2], [7, 5]));
    writeFileSync(join(own, "train-images-idx3-ubyte.gz"), idx([2, 2], [1, 2, 3, 4]));
    expect(() => loadMnist({ directory: own })).toThrow(/expected images, \[n, rows, cols\]/);
  });

  it("says which files are missing, with digests, and where they belong", () => {
    const empty = join(folder, "empty");
    const { images, labels } = mnistFiles.test;
    const load = () => loadMnist({ split: "test", directory: empty });
    expect(load).toThrow(code("MissingFiles"));
    for (const part of [images.name, labels.name, images.md5, labels.sha256, "10008 bytes"]) {
      expect(load).toThrow(part);
    }
    expect(load).toThrow(new RegExp(`put them, unpacked or as \\.gz, into ${empty}$`));
    expect(() => loadMnist({ split: "valid" as "test" })).toThrow(code("InvalidOption"));
  });
});
