// Images of another size, or with other channels, than configured: a line with the keys that keep
// them.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pictureNotes } from "@dsbm/problem";
import sharp from "sharp";
import { beforeAll, expect, it } from "vitest";
import { configured } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";

const root = scratch();

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
});
