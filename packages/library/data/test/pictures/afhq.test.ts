// Faces of animals: the published folders, other sizes, and missing folders.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadTable } from "../../src/registry.js";
import { refusal, testFolders, writeFiles } from "../files.js";
import { draw, numberedNames, open, pictures, pixel } from "./numbered-pictures.js";

const newFolder = testFolders();

describe("AFHQ", () => {
  it("is read from the published folders, one of 512×512 to the byte", async () => {
    const directory = newFolder();
    const size = { width: 512, height: 512 };
    await pictures(join(directory, "afhq/train/cat"), ["b.png", "a.png"], size);
    writeFiles(directory, {
      "afhq/val/wild/x.jpg": await draw(5, size).jpeg({ quality: 100 }).toBuffer(),
    });
    const table = await open("afhq_cat", { directory, image_size: 512 });
    expect([table.x.dtype, table.x.shape]).toEqual(["uint8", [2, 3, 512, 512]]);
    expect(table).toMatchObject({
      name: "afhq_cat",
      source: join(directory, "afhq/train/cat"),
      condition: null,
      flip: false,
      classes: [{ label: 0, name: "cat" }],
    });
    expect(table.labels!.dtype).toBe("int64");
    expect(table.labels!.toNumbers()).toEqual([0, 0]);
    // Sorted by name: a.png is image 1.
    const first = table.x.select(0, 0).toArray();
    const wrong = first.findIndex((byte, k) => {
      const [c, r, q] = [Math.floor(k / 2 ** 18), Math.floor(k / 512) % 512, k % 512];
      return byte !== pixel(1, c, r, q);
    });
    expect(wrong).toBe(-1);
    const held = await open("afhq_wild", { directory, split: "test" });
    expect(held.labels!.toNumbers()).toEqual([2]);
    expect(held.x.shape).toEqual([1, 3, 512, 512]);
  });

  it("is scaled to image_size", async () => {
    const directory = newFolder();
    await pictures(join(directory, "train/dog"), numberedNames(3), { width: 24, height: 16 });
    const { x } = await open("afhq_dog", { directory, image_size: 16 });
    expect(x.shape).toEqual([3, 3, 16, 16]);
    // Cut, not squeezed: the middle columns are untouched.
    const middle = x.select(0, 2).select(0, 1).select(0, 5).toNumbers();
    expect(middle).toEqual(Array.from({ length: 16 }, (_, q) => pixel(2, 1, 5, q + 4)));
  });

  it("names the missing folder and its place", () => {
    const directory = newFolder();
    for (const part of [
      "AFHQ cat (test): not in ",
      join(directory, "afhq/val/cat"),
      "download afhq.zip from https://github.com/clovaai/stargan-v2",
      `into ${join(directory, "afhq/test/cat")}`,
    ])
      expect(() => loadTable("afhq_cat", { split: "test", directory })).toThrow(
        refusal("MissingFiles", part),
      );
    expect(() => loadTable("afhq_cat", { split: "train" })).toThrow(
      refusal("MissingFiles", "not there"),
    );
  });
});
