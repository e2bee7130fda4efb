// Pictures of another size, or with other channels, than the configuration has: said in a line, with the keys that keep them.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pictureFormat } from "@dsbm/data";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pictureNotes } from "../src/problem/picture-notes.js";
import { configured } from "./support.js";

const root = mkdtempSync(join(tmpdir(), "dsbm-pictures-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeAll(async () => {
  for (const [name, background] of [
    ["red", { r: 200, g: 20, b: 20 }],
    ["grey", { r: 90, g: 90, b: 90 }],
  ] as const) {
    mkdirSync(join(root, name));
    for (const i of [1, 2, 3]) {
      const picture = sharp({ create: { width: 16, height: 20, channels: 3, background } });
      await (i === 3 ? picture.jpeg() : picture.png()).toFile(
        join(root, name, `${i}.${i === 3 ? "jpg" : "png"}`),
      );
    }
  }
});

const notes = (...words: string[]) =>
  pictureNotes(
    configured(`Dataset=folder:${root}/red`, `Dataset_transfer=folder:${root}/grey`, ...words),
  );

it("colours that would be lost, and sizes that change", async () => {
  const lines = await notes();
  expect(lines[0]).toMatch(
    /red: pictures with colours of 16 pixels a side or more become grey, 28 × 28: write data.image_size=16 data.channels=3/,
  );
  expect(lines[1]).toMatch(
    /grey: grey pictures, stored with three channels, .*: write data.image_size=16 to keep/,
  );
  expect(await notes("data.image_size=16", "data.channels=3")).toEqual([]);
  const grey = `Dataset=folder:${root}/grey`;
  expect(await notes(grey, "data.image_size=16", "data.channels=3")).toEqual([
    expect.stringMatching(/grey pictures, stored with three channels,.*write data.channels=1/),
  ]);
});

it("grey pictures that are stored with colours are noticed", async () => {
  expect(await pictureFormat(join(root, "grey"))).toEqual({ size: 16, channels: 1, stored: 3 });
  expect(await pictureFormat(join(root, "red"))).toEqual({ size: 16, channels: 3, stored: 3 });
});
