// CIFAR-10 from small files in the published form, and everything that is wrong with them.
import { describe, expect, it } from "vitest";
import { loadTable } from "../../src/registry.js";
import { refusal, testFolders } from "../files.js";

const fresh = testFolders();

const bytesOf = (...parts: (ArrayLike<number> | string)[]) =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "string" ? [...Buffer.from(part, "latin1")] : Array.from(part),
    ),
  );
const uint32 = (n: number) => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];

/** The byte at plane c, row r, column q of image i. */
const pixel = (i: number, c: number, r: number, q: number) =>
  (97 * i + 61 * c + 7 * r + 3 * q) % 256;
const image = (i: number) =>
  Array.from({ length: 3072 }, (_, k) =>
    pixel(i, Math.floor(k / 1024), Math.floor(k / 32) % 32, k % 32),
  );

/** Python 2's str. */
const text = (value: string) => bytesOf("U", [value.length], value);

/** Images first, first + 1, … with these labels as Python 2's pickle, as NumPy wrote it then: the keys and their order are the published ones. */
function pickled(first: number, labels: number[], more: number[] = []) {
  const data = bytesOf(...labels.map((_, k) => image(first + k)));
  return bytesOf(
    [0x80, 2],
    "}q\x01(",
    text("batch_label"),
    "q\x02",
    text("training batch 1 of 5"),
    text("labels"),
    "]q\x03(",
    [...labels, ...more].flatMap((label) => [0x4b, label]),
    "e",
    text("data"),
    "cnumpy.core.multiarray\n_reconstruct\nq\x04cnumpy\nndarray\nq\x05K\x00\x85U\x01b\x87Rq\x06",
    "(K\x01K",
    [labels.length],
    "M",
    [3072 & 255, 3072 >> 8],
    "\x86cnumpy\ndtype\nq\x07U\x02u1K\x00K\x01\x87Rq\x08(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
    "\x89T",
    uint32(data.length),
    data,
    "tb",
    text("filenames"),
    "]q\x09(",
    ...labels.map((_, k) => text(`camion_s_${k}.png`)),
    "eu.",
  );
}

const trainLabels = [
  [6, 9],
  [9, 4],
  [1, 1],
  [2, 7],
  [8, 3],
];
const testLabels = [3, 8, 8];

const place = "cifar10/cifar-10-batches-py";
const python = () => ({
  ...Object.fromEntries(
    trainLabels.map((labels, b) => [`${place}/data_batch_${b + 1}`, pickled(2 * b, labels)]),
  ),
  [`${place}/test_batch`]: pickled(50, testLabels),
});

const train = (directory: string, name = "cifar10", options = {}) =>
  loadTable(name, { split: "train", directory, ...options });
const test = (directory: string, name = "cifar10", options = {}) =>
  loadTable(name, { split: "test", directory, ...options });

describe("CIFAR-10", () => {
  it("is read from its batches", () => {
    const directory = fresh(python());
    const table = train(directory);
    expect([table.x.dtype, table.x.shape]).toEqual(["uint8", [10, 3, 32, 32]]);
    expect(table.labels!.toNumbers()).toEqual(trainLabels.flat());
    expect(table.labels!.dtype).toBe("int64");
    expect(table.classes.map(({ name }) => name)).toEqual([
      ...["automobile", "bird", "cat", "deer", "frog", "horse", "ship", "truck"],
    ]);
    expect(table).toMatchObject({ name: "cifar10", condition: null, flip: true });
    for (const [i, c, r, q] of [
      [0, 0, 0, 0],
      [3, 1, 4, 30],
      [9, 2, 31, 31],
    ])
      expect(table.x.select(0, i).select(0, c).select(0, r).select(0, q).item()).toBe(
        pixel(i, c, r, q),
      );
    const held = test(directory);
    expect(held.flip).toBe(false);
    expect(held.labels!.toNumbers()).toEqual(testLabels);
    expect(held.x.select(0, 2).toNumbers()).toEqual(image(52));
  });

  const pickle = (batch: Uint8Array) => ({ test_batch: batch });
  it.each<[string, Record<string, Uint8Array>, string, string]>([
    ["a cut pickle", pickle(pickled(0, [1, 2]).subarray(0, 900)), "BadPickle", "needs 6144 bytes"],
    ["other content", pickle(bytesOf([0x80, 2], "].")), "BadPickle", "is it a batch of CIFAR-10?"],
    ["other labels", pickle(pickled(0, [1], [3])), "BadPickle", "and labels, n numbers"],
    ["a pickled label", pickle(pickled(0, [1, 12])), "BadLabel", "label 12 of image 1"],
  ])("refuses %s", (_, files, code, message) => {
    const directory = fresh(files);
    expect(() => test(directory)).toThrow(refusal(code, message));
  });
});
