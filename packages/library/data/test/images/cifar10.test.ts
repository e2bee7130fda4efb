// CIFAR-10 from small files in the published form, and everything that is wrong with them.
import { describe, expect, it } from "vitest";
import { loadTable } from "../../src/registry.js";
import { refusal, testFolders } from "../files.js";

const newFolder = testFolders();

/** The byte at plane c, row r, column q of image i. */
const pixel = (i: number, c: number, r: number, q: number) =>
  (97 * i + 61 * c + 7 * r + 3 * q) % 256;
const image = (i: number) =>
  Array.from({ length: 3072 }, (_, k) =>
    pixel(i, Math.floor(k / 1024), Math.floor(k / 32) % 32, k % 32),
  );

/** Images first, first + 1, … with these labels, in the published binary form. */
const batchOf = (first: number, labels: readonly number[]) =>
  Uint8Array.from(labels.flatMap((label, k) => [label, ...image(first + k)]));

const trainLabels = [
  [6, 9],
  [9, 4],
  [1, 1],
  [2, 7],
  [8, 3],
];
const testLabels = [3, 8, 8];

const place = "cifar10/cifar-10-batches-bin";
const files = () => ({
  ...Object.fromEntries(
    trainLabels.map((labels, b) => [`${place}/data_batch_${b + 1}.bin`, batchOf(2 * b, labels)]),
  ),
  [`${place}/test_batch.bin`]: batchOf(50, testLabels),
});

const train = (directory: string, name = "cifar10", options = {}) =>
  loadTable(name, { split: "train", directory, ...options });
const test = (directory: string, name = "cifar10", options = {}) =>
  loadTable(name, { split: "test", directory, ...options });

describe("CIFAR-10", () => {
  it("is read from its batches", () => {
    const directory = newFolder(files());
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

  it.each<[string, Uint8Array, string, string]>([
    [
      "a cut batch",
      batchOf(0, [1, 2]).subarray(0, 900),
      "SizeMismatch",
      "expected records of 3073",
    ],
    ["no images", new Uint8Array(), "SizeMismatch", "0 bytes"],
    ["another label", batchOf(0, [1, 12]), "BadLabel", "label 12 of image 1"],
  ])("refuses %s", (_, bytes, code, message) => {
    const directory = newFolder({ "test_batch.bin": bytes });
    expect(() => test(directory)).toThrow(refusal(code, message));
  });
});
