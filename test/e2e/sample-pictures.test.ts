// `dsbm sample` of pictures: one alone, archives, floats that are pixels, sizes that are looked at before decoding.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { picturePng } from "@dsbm/runs";
import { Generator, io, liveTensors, memory, randint } from "@dsbm/torch";
import { unzipSync, zipSync } from "fflate";
import { beforeAll, expect, it } from "vitest";
import { Bridge } from "../../packages/app/inference/src/bridge.js";
import { collectGarbage } from "../support/collect.js";
import { refuse, scratch } from "./cli.js";
import { imageRun, sampleHere as sample, sampled, vectorRun, workIn } from "./sample.js";

const root = scratch();
const at = (name: string) => join(root, name);
let images: string;
let pixels: Uint8Array;

workIn(root);
beforeAll(async () => {
  images = imageRun(at("images"));
  const x = randint(0, 256, [6, 1, 8, 8], { generator: Generator.create(1), dtype: "uint8" });
  pixels = x.toArray() as Uint8Array;
  const npy = io.encodeNpy(x);
  writeFileSync(at("bytes.npy"), npy);
  writeFileSync(at("bytes.npz"), zipSync({ "pictures.npy": npy, "labels.npy": npy }));
  writeFileSync(at("floats.npy"), io.encodeNpy(x.to("float32")));
  writeFileSync(at("one.png"), await picturePng(pixels.subarray(0, 64), [1, 8, 8]));
  writeFileSync(at("wide.png"), await picturePng(new Uint8Array(192), [1, 8, 24]));
});

it("makes the same of an archive, which it also writes", async () => {
  await sampled(images, "bytes.npy", "a.npy");
  await sampled(images, "bytes.npz", "b.npz", "key=pictures");
  const members = unzipSync(readFileSync(at("b.npz")));
  expect(Object.keys(members)).toEqual(["x.npy"]);
  expect(Buffer.from(members["x.npy"]!).equals(readFileSync(at("a.npy")))).toBe(true);
  const both = await sample(images, "bytes.npz", "c.npz");
  expect(both.stderr).toMatch(/the arrays pictures, labels: .*write (data\.)?key=pictures/);
});

it("takes one picture, to one picture or a folder", async () => {
  for (const out of ["one-out.png", "one-folder"]) await sampled(images, "one.png", out);
  const [alone, inside] = ["one-out.png", "one-folder/one.png"].map((name) =>
    readFileSync(at(name)),
  );
  expect(alone!.equals(inside!)).toBe(true);
});

it("notices pixels that are floats", async () => {
  const { code, stderr } = await sample(images, "floats.npy", "f.npy");
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/floats.npy holds floats from \d+ to 2\d\d; .*astype\("uint8"\)/);
});

it("looks at a picture's size before it decodes it", async () => {
  const wide = await sample(images, "wide.png", "w.npy");
  expect(wide.stderr).toMatch(/24×8 pixels; expected 8×8: write resize=true/);
  const limited = await sample(images, "wide.png", "w.npy", "resize=true", "max_pixels=100");
  expect(limited.stderr).toMatch(/24×8 pixels, more than max_pixels=100: .*raise max_pixels/);
  await sampled(images, "wide.png", "w.npy", "resize=true");
  // A header of 65,535 × 65,535 pixels over the data of a few.
  const bomb = Buffer.from(readFileSync(at("one.png")));
  bomb.writeUInt32BE(65_535, 16);
  bomb.writeUInt32BE(65_535, 20);
  writeFileSync(at("bomb.png"), bomb);
  const refused = await sample(images, "bomb.png", "w2.npy", "resize=true");
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/bomb\.png/);
});

it.each(["pipe.png", "pipe.npy"])("does not wait for the writer of %s", async (name) => {
  execFileSync("mkfifo", [at(name)]);
  const { code, stderr } = await sample(images, name, "p.npy");
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/is no regular file but a pipe or a device/);
});

it("refuses a configuration with more steps than memory holds", async () => {
  const folder = vectorRun(at("edited"));
  const path = join(folder, "config.json");
  const config = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...config, num_steps: 1e9 }));
  expect((await sample(folder, "gaussian:5", "x.npy")).stderr).toMatch(/config\.json is damaged/);
  rmSync(join(folder, "manifest.jsonl"));
  const { code, stderr } = await sample(folder, "gaussian:5", "x.npy");
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/config\.json is not one of this version: num_steps: .*<= 10000/);
  for (const words of [
    ["test", folder],
    ["extend", folder, "+1"],
  ])
    await refuse(words, ["config.json is not one of this version: num_steps: "]);
});

it("keeps no more programs and tensors for many calls than for a few", async () => {
  using bridge = Bridge.open(vectorRun(at("calls")), { threads: 1 });
  const call = async (n: number, steps: number) => {
    const start = io.fromRaw(io.fromTyped(new Float32Array(2 * n), [n, 2]));
    const { x } = await bridge.sample(start, { steps });
    for (const t of [start, x]) t.dispose();
  };
  const use = () => ({
    tensors: liveTensors(),
    bytes: memory().current,
    programs: bridge.programs,
  });
  await call(7, 1);
  await collectGarbage();
  await new Promise(setImmediate);
  const few = use();
  for (let i = 0; i < 40; i++) await call(7, 1);
  expect(use()).toEqual(few);
  for (let n = 1; n < 90; n++) await call(n, 1);
  expect(bridge.programs).toBeLessThanOrEqual(3);
  for (let steps = 1; steps < 50; steps++) await call(3, steps);
  expect(bridge.programs).toBeLessThanOrEqual(512 + 3);
});
