// Folders of images of users: decoded once, mapped afterwards, and refusals.
import { execFileSync } from "node:child_process";
import { readdirSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodePicture, pictureFormat } from "../../src/pictures/decode.js";
import { listPictures } from "../../src/pictures/picture-files.js";
import { loadTable, prepareTable } from "../../src/registry.js";
import { refusal, testFolders, writeFiles } from "../files.js";
import { draw, ids, numberedNames, open, pictures, pixel, png } from "./numbered-pictures.js";

const newFolder = testFolders();

it("sharp, which takes 20 MB, is loaded with the first image", () => {
  const room = new URL("../../dist/index.js", import.meta.url);
  const libraries = `process.report.getReport().sharedObjects.filter((path) => path.includes("vips")).length`;
  const code = `await import("${room}"); const before = ${libraries}; await import("sharp"); console.log(before, ${libraries});`;
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", code], {
    ...{ cwd: import.meta.dirname, encoding: "utf8" },
  });
  expect(said).toMatch(/^0 [1-9]/);
});

/** A folder of so many images, the folder of decoded files, and the name of the dataset. */
async function cats(n: number) {
  const folder = await pictures(join(newFolder(), "cats"), numberedNames(n));
  return { folder, cache: join(dirname(folder), "decoded"), name: `folder:${folder}` };
}

describe("a folder of images", () => {
  it("holds out a part by name: the same part again, and most of it when images come", async () => {
    const { folder, name } = await cats(20);
    const [train, test] = [await open(name), await open(name, { split: "test" })];
    expect([train.x.shape, test.x.shape]).toEqual([
      [18, 3, 8, 8],
      [2, 3, 8, 8],
    ]);
    expect([train.labels, train.classes, train.name]).toEqual([null, [], name]);
    expect([...ids(train), ...ids(test)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => pixel(i, 0, 0, 0)).sort((a, b) => a - b),
    );
    const half = await open(name, { split: "test", test_fraction: 0.5 });
    expect(half.x.size(0)).toBe(10);
    const rest = new Set(ids(half));
    expect(ids(test).every((id) => rest.has(id))).toBe(true);
    writeFiles(folder, { "new.png": await png(40) });
    const more = new Set(ids(await open(name, { split: "test", test_fraction: 0.5 })));
    expect([...rest].filter((id) => more.has(id)).length).toBeGreaterThanOrEqual(9);
    expect((await open(name, { n: 3 })).x.shape).toEqual([3, 3, 8, 8]);
    expect(() => loadTable(name, { split: "test", n: 3 })).toThrow(
      refusal("InvalidOption", `n 3: expected 1 to 2, the samples of ${name} (test)`),
    );
  });

  it("takes train and test (or val) for the splits, and images of inner folders", async () => {
    const folder = newFolder();
    const left = ["train/.hidden/4.png", "train/.5.png", "other/6.png"];
    await pictures(folder, ["train/a/1.png", "train/b/deep/2.png", "val/3.png", ...left]);
    writeFiles(folder, { "train/notes.txt": Uint8Array.of(1) });
    symlinkSync(join(folder, "other"), join(folder, "train", "linked"));
    symlinkSync(join(folder, "other/6.png"), join(folder, "train", "z.png"));
    const train = await open(`folder:${folder}`);
    expect(ids(train)).toEqual([0, 1, 5].map((i) => pixel(i, 0, 0, 0)));
    expect(ids(await open(`folder:${folder}`, { split: "test" }))).toEqual([pixel(2, 0, 0, 0)]);
  });

  it("reads the first image of a .gif, and counts the files that it skips", async () => {
    const folder = newFolder();
    writeFiles(folder, {
      "a.png": await png(0),
      "b.gif": await draw(1).gif().toBuffer(),
      "c.bmp": Uint8Array.of(66, 77),
      "d/e.BMP": Uint8Array.of(66, 77),
      "notes.txt": Uint8Array.of(1),
    });
    const train = await open(`folder:${folder}`);
    const test = await open(`folder:${folder}`, { split: "test" });
    expect(train.x.size(0) + test.x.size(0)).toBe(2);
    expect(train.origin?.names).toEqual(["a.png", "b.gif"]);
    expect(train.notes).toEqual(["skipped 2 .bmp, 1 .txt"]);
  });

  it("decodes grey, transparent, deep and turned images upright, on white, in 8 bits", async () => {
    const folder = newFolder();
    const names = ["1-grey", "2-alpha", "3-deep", "4-turned"].map((name) => `train/${name}.png`);
    const turned = await draw(3).withMetadata({ orientation: 6 }).png().toBuffer();
    const files = [
      await png(0, { channels: 1 }),
      await png(1, { channels: 4 }),
      await draw(2).toColourspace("rgb16").png().toBuffer(),
      turned,
    ];
    names.forEach((name, i) => {
      writeFiles(folder, { [name]: files[i] });
    });
    writeFiles(folder, { "test/t.webp": await draw(4).webp({ lossless: true }).toBuffer() });
    const { x } = await open(`folder:${folder}`);
    const at = (t: typeof x, i: number, c: number, r: number, q: number) =>
      t.select(0, i).select(0, c).select(0, r).select(0, q).item();
    expect([0, 1, 2].map((c) => at(x, 0, c, 2, 3))).toEqual(Array(3).fill(pixel(0, 0, 2, 3)));
    const alpha = pixel(1, 3, 2, 3) / 255;
    const over = pixel(1, 0, 2, 3) * alpha + 255 * (1 - alpha);
    expect(Math.abs(at(x, 1, 0, 2, 3) - over)).toBeLessThanOrEqual(1);
    expect(at(x, 2, 1, 4, 6)).toBe(pixel(2, 1, 4, 6));
    // Turned by a quarter to the right: row r, column q was row 7 − q, column r.
    expect(at(x, 3, 0, 2, 3)).toBe(pixel(3, 0, 7 - 3, 2));
    expect(at((await open(`folder:${folder}`, { split: "test" })).x, 0, 2, 5, 1)).toBe(
      pixel(4, 2, 5, 1),
    );
    const grey = await open(`folder:${folder}`, { channels: 1 });
    expect(grey.x.shape).toEqual([4, 1, 8, 8]);
    expect(at(grey.x, 0, 0, 2, 3)).toBe(pixel(0, 0, 2, 3));
  });

  it("is decoded once into a file, and again when an image changes", async () => {
    const { folder, cache, name } = await cats(5);
    const seen: number[] = [];
    const options = { split: "train", test_fraction: 0.25 } as const;
    expect(() => loadTable(name, options)).toThrow(
      refusal("NotPrepared", /is not prepared yet: await prepareTable/),
    );
    const progress = (state: {
      name: string;
      split: string;
      done: number;
      total: number | null;
    }) => {
      expect(state).toMatchObject({ name, split: "train", total: 3 });
      seen.push(state.done);
    };
    await prepareTable(name, { ...options, progress });
    expect(seen).toEqual([1, 2, 3]);
    const [file] = readdirSync(cache);
    expect(file).toMatch(/^cats-train-[0-9a-f]{16}$/);
    expect(readdirSync(cache)).toEqual([file]);
    const { mtimeMs } = statSync(join(cache, file));
    await prepareTable(name, { ...options, progress });
    expect(seen).toEqual([1, 2, 3]);
    expect(statSync(join(cache, file)).mtimeMs).toBe(mtimeMs);
    expect(loadTable(name, options).x.size(0)).toBe(3);

    utimesSync(join(folder, "1.png"), 1, 1);
    utimesSync(join(folder, "2.png"), 1, 1);
    expect(() => loadTable(name, options)).toThrow(refusal("NotPrepared"));
    await prepareTable(name, { ...options, progress });
    expect(readdirSync(cache)).toHaveLength(2);
    const data = newFolder();
    await prepareTable(name, { ...options, directory: data });
    expect(readdirSync(join(data, "decoded"))).toHaveLength(1);
  });

  it("recognises files by their bytes, and skips broken links", async () => {
    const { folder } = await cats(6);
    symlinkSync("loop.png", join(folder, "loop.png"));
    symlinkSync("gone", join(folder, "nowhere.png"));
    symlinkSync(".", join(folder, "self"));
    expect(listPictures(folder)).toHaveLength(6);
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>';
    writeFiles(folder, { "0.png": Buffer.from(svg) });
    await expect(decodePicture(join(folder, "0.png"), { channels: 3, size: null })).rejects.toThrow(
      refusal("BadPicture", "it is svg, whatever its name says"),
    );
  });

  it("leaves nothing behind if it is stopped or fails, and names the image", async () => {
    const { folder, cache, name } = await cats(30);
    const stop = new AbortController();
    const progress = ({ done }: { done: number }) => void (done === 5 && stop.abort());
    const stopped = { split: "train", progress, signal: stop.signal } as const;
    // The second time before the first image.
    for (const _ of [1, 2])
      await expect(prepareTable(name, stopped)).rejects.toMatchObject({ name: "AbortError" });
    expect(readdirSync(cache)).toEqual([]);

    const whole = await png(11);
    writeFiles(folder, { "7.png": whole });
    for (const [bytes, message] of [
      [whole.subarray(0, whole.length - 30), `${folder}/11.png: not a readable image`],
      [
        await png(11, { width: 9 }),
        /11\.png has 9×8 pixels; expected 8×8 as in the first image; remove it/,
      ],
      [Buffer.from("hello"), "11.png"],
    ] as const) {
      writeFiles(folder, { "11.png": bytes });
      const failed = expect(prepareTable(name, { split: "train" })).rejects;
      await failed.toThrow(refusal("BadPicture", message));
    }
    writeFiles(folder, { "25.png": Buffer.from("hello") });
    await expect(prepareTable(name, { split: "train" })).rejects.toThrow(
      refusal("BadPicture", /11\.png: not a readable image.*; not readable, too: .*25\.png$/),
    );
    expect(readdirSync(cache)).toEqual([]);
    writeFiles(folder, { "11.png": whole, "25.png": await png(25) });
    expect((await open(name)).x.size(0)).toBe(27);
  });

  it("has the size of all images but a twentieth, and counts the enlarged ones", async () => {
    const { folder, name } = await cats(20);
    expect(await pictureFormat(folder)).toMatchObject({ size: 8, smaller: 0 });
    writeFiles(folder, { "3.png": await png(3, { width: 80, height: 2 }) });
    expect(await pictureFormat(folder)).toMatchObject({ size: 8, smaller: 1 });
    const { notes } = await open(name, { image_size: 8 });
    expect(notes).toEqual([
      expect.stringMatching(/^1 not square/),
      expect.stringMatching(/^1 smaller/),
    ]);
    writeFiles(folder, { "4.png": await png(4, { width: 80, height: 5 }) });
    expect(await pictureFormat(folder)).toMatchObject({ size: 5, smaller: 1 });
  });

  it("refuses missing folders, single images and other channels", async () => {
    const folder = await pictures(join(newFolder(), "few"), ["1.png"]);
    const own = `folder:${folder}`;
    const refused = (name: string, options: object, code: string, message: string) =>
      expect(() => loadTable(name, { split: "train", ...options })).toThrow(refusal(code, message));
    refused(own, {}, "MissingFiles", `1 images in ${folder}: expected two or more`);
    await pictures(folder, ["2.png", "3.png"]);
    const nowhere = "folder:/nonexistent/x_2";
    refused("folder:", {}, "MissingFiles", "write folder:PATH");
    refused(nowhere, {}, "MissingFiles", `${nowhere} (train): no folder /nonexistent/x_2`);
    refused(own, { channels: 2 }, "InvalidOption", "channels 2: the images of");
  });
});
