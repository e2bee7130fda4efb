// Images of another size, or with other channels, than configured: a line with the keys that keep
// them.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pictureNotes, pictureOverrides } from "@dsbm/problem";
import sharp from "sharp";
import { beforeAll, expect, it, vi } from "vitest";
import { configured } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";
import { trainCommand } from "../src/command/train.js";

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

it("size and channels are chosen from the pictures, where no word and no run says them", async () => {
  const ends = [`Dataset=folder:${root}/red`, `Dataset_transfer=folder:${root}/grey`];
  const chosen = async (...more: string[]) => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const place = `experiments_dir=${root}/experiments`;
    expect(await trainCommand([...ends, ...more, place, "--cfg"])).toBe(0);
    const [yaml, said] = [log, error].map(({ mock }) => mock.calls.join("\n")) as [string, string];
    for (const spy of [log, error]) spy.mockRestore();
    const of = (key: string) => Number(new RegExp(`^  ${key}: (\\d+)$`, "m").exec(yaml)?.[1]);
    return [of("image_size"), of("channels"), said];
  };
  expect(await chosen()).toEqual([
    16,
    3,
    expect.stringMatching(
      /data.image_size=16 \(.* 16 pixels a side\), data.channels=3 \(.*colours/,
    ),
  ]);
  expect(await chosen("data.channels=1", "data.image_size=8")).toEqual([8, 1, ""]);
  expect((await chosen("data.channels=1")).slice(0, 2)).toEqual([16, 1]);
  // A run that began with other images resumes with them.
  const config = configured(...ends, `experiments_dir=${root}/experiments`);
  const run = { overrides: {}, folder: join(root, "run") };
  mkdirSync(run.folder);
  writeFileSync(join(run.folder, "config.json"), '{"data": {"image_size": 28, "channels": 1}}');
  const sizesOf = async (ends: typeof config) => (await pictureOverrides(ends, run)).overrides;
  expect(await sizesOf(config)).toEqual({ "data.image_size": 28, "data.channels": 1 });
  // The other end decides.
  const mixed = { ...config, Dataset_transfer: "mnist_2" };
  expect(await sizesOf(mixed)).toEqual({});
});
