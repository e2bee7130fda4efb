// `dsbm sample` as a user types it: every kind of input and output.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { picturePng } from "@dsbm/runs";
import { full, Generator, io, randint, randn, type Tensor } from "@dsbm/torch";
import sharp from "sharp";
import { beforeAll, expect, it } from "vitest";
import { scratch, stopAt, succeed } from "./cli.js";
import {
  hiddenIn,
  imageRun,
  sampleHere,
  sampleWell,
  tableRun,
  vectorRun,
  workIn,
} from "./sample.js";

const root = scratch();
const pathOf = (name: string) => join(root, name);
const bytesOf = (name: string) => readFileSync(pathOf(name));
const save = (name: string, x: Tensor) => {
  writeFileSync(pathOf(name), io.encodeNpy(x));
  return pathOf(name);
};
const seedOptions = (seed: number) => ({ generator: Generator.create(seed) });
const load = (name: string) => {
  const raw = io.npy.decode(bytesOf(name), name);
  return { shape: raw.shape, dtype: raw.dtype, values: io.toFloat32(raw) };
};

let images: string;
let vectors: string;
let bytes: string;
/** In the order of their names, as folders are read. */
const names = Array.from({ length: 20 }, (_, i) =>
  i < 5 ? `a${i}` : i < 8 ? `more/p${i}` : `picture-${String(i).padStart(2, "0")}`,
);

workIn(root);
beforeAll(async () => {
  images = imageRun(pathOf("images"));
  vectors = vectorRun(pathOf("vectors"), [], { halves: ["b", "f", "b"], finished: false });
  const x = randint(0, 256, [20, 1, 8, 8], { ...seedOptions(1), dtype: "uint8" });
  bytes = save("bytes.npy", x);
  mkdirSync(pathOf("pictures/more"), { recursive: true });
  for (const [i, name] of names.entries()) {
    const png = await picturePng(x.select(0, i).toArray() as Uint8Array, [1, 8, 8]);
    writeFileSync(pathOf(`pictures/${name}.png`), png);
  }
});

it("gives the same samples for an array and a folder of images, in any batch", async () => {
  const file = await succeed(["sample", images, bytes, "a.npy", "threads=1"], { cwd: root });
  expect(file.stdout).toMatch(/samples: 20, direction b, seed 42\n/);
  expect(file.stdout).toMatch(/weights: .*models\/1_b\.safetensors\n/);
  expect(file.stdout).toMatch(/NFE 4\n/);
  expect(file.stdout).toMatch(/output: {2}a\.npy, float32 \[20, 1, 8, 8\]\n/);
  await sampleWell(images, "pictures", "b.npy", "threads=2", "batch_size=5");
  expect(bytesOf("b.npy").equals(bytesOf("a.npy"))).toBe(true);
  await sampleWell(images, bytes, "b.npy", "seed=1", "overwrite=true");
  expect(bytesOf("b.npy").equals(bytesOf("a.npy"))).toBe(false);
});

it("scales images as the run scaled its data, and with resize=true", async () => {
  const own = imageRun(pathOf("scaled"), [
    "Dataset=folder:pictures",
    "Dataset_transfer=folder:pictures",
  ]);
  mkdirSync(pathOf("large"));
  const x = randint(0, 256, [1, 16, 16], { ...seedOptions(5), dtype: "uint8" });
  writeFileSync(pathOf("large/one.png"), await picturePng(x.toArray() as Uint8Array, [1, 16, 16]));
  await sampleWell(own, "large", "large-own.npy", "direction=b");
  await sampleWell(images, "large", "large-true.npy", "resize=true");
  expect(load("large-own.npy")).toEqual(load("large-true.npy"));
  expect((await sampleHere(own, "large", "no.npy", "resize=false")).stderr).toMatch(
    /16×16 pixels; expected 8×8/,
  );
});

it("writes images by name or number, and replaces only images of the same names", async () => {
  await sampleWell(images, "pictures", "out");
  const made = readdirSync(pathOf("out"), { recursive: true }).map(String).sort();
  expect(made).toEqual([...names.map((name) => `${name}.png`), "more"].sort());
  mkdirSync(pathOf("numbers"));
  writeFileSync(pathOf("numbers/mine.txt"), "mine");
  writeFileSync(pathOf("numbers/000003.png"), "old");
  await sampleWell(images, bytes, "numbers", "overwrite=true");
  expect(bytesOf("numbers/mine.txt").toString()).toBe("mine");
  expect(bytesOf("numbers/000003.png").subarray(1, 4).toString()).toBe("PNG");
  expect(readdirSync(pathOf("numbers")).length).toBe(21);
  const white = await picturePng(new Uint8Array(16 * 12).fill(255), [1, 12, 16]);
  writeFileSync(pathOf("white.png"), white);
  const { stderr } = await sampleWell(images, "white.png", "small.png", "resize=true");
  expect(stderr).toContain("white.png: 1 not square: cropped to the middle square");
  expect(existsSync(pathOf("small.png"))).toBe(true);
});

it.each(["gif", "webp"])("writes paths of images as an animation: %s", async (ending) => {
  const words = [images, "pictures", `paths.${ending}`, "path=true", "steps=3"];
  const { stdout } = await sampleWell(...words);
  expect(stdout).toContain(`paths.${ending}, 4 frames of 20 images`);
  const { format, pages } = await sharp(pathOf(`paths.${ending}`)).metadata();
  expect([format, pages]).toEqual([ending, 4]);
});

it("writes paths from their start, with the newest weights or the weights of a half-iteration", async () => {
  const x = randn([300, 2], seedOptions(3));
  const start = save("start.npy", x);
  const { stdout } = await sampleWell(vectors, start, "path.npy", "path=true", "steps=3");
  expect(stdout).toContain("[4, 300, 2]");
  expect(stdout).toContain("3_b.safetensors");
  await sampleWell(vectors, start, "ends.npy", "steps=3");
  const path = load("path.npy");
  expect(path.shape).toEqual([4, 300, 2]);
  expect(path.values.subarray(0, 600)).toEqual(x.toArray());
  expect(path.values.subarray(1800)).toEqual(load("ends.npy").values);
  const first = await sampleWell(vectors, start, "first.npy", "steps=3", "half_iteration=2");
  expect(first.stdout).toContain("1_b.safetensors");
  expect(load("first.npy").values).not.toEqual(load("ends.npy").values);
});

it("takes float64, and the Gaussian endpoint with its moments", async () => {
  const doubles = save("doubles.npy", randn([9, 2], { ...seedOptions(5), dtype: "float64" }));
  await sampleWell(vectors, doubles, "d.npy", "direction=f");
  // The path's first state is the draw itself.
  const gaussian = imageRun(pathOf("gaussian"), ["transfer=false", "mean_final=2", "var_final=4"]);
  await sampleWell(gaussian, "gaussian:60", "g.npy", "path=true", "steps=1");
  const z = load("g.npy").values.subarray(0, 60 * 64);
  const mean = z.reduce((a, b) => a + b, 0) / z.length;
  const variance = z.reduce((a, b) => a + (b - mean) ** 2, 0) / z.length;
  expect(Math.abs(mean - 2)).toBeLessThan(0.15);
  expect(Math.abs(variance - 4)).toBeLessThan(0.4);
  const { stderr } = await sampleWell(vectors, "gaussian:9", "v.npy", "direction=f");
  expect(stderr).toContain("mean -0.1");
  // Without the training images nothing but the Gaussian's moments is missing.
  const words = ["transfer=false", "final_adaptive=true", "Dataset=folder:gone"];
  await sampleWell(imageRun(pathOf("adaptive"), words), bytes, "without.npy");
});

it("gives networks their conditions from files", async () => {
  const words = ["dataset=downscaler_synthetic", "cdsb=true", "model=UNET_tiny"];
  const run = imageRun(pathOf("cdsb"), words);
  const x = save("fields.npy", randn([12, 2, 8, 8], seedOptions(1)));
  for (const k of [0, 1]) {
    const cond = save(`cond${k}.npy`, full([12, 1, 8, 8], k));
    await sampleWell(run, x, `f${k}.npy`, `cond=${cond}`);
  }
  expect(bytesOf("f0.npy").equals(bytesOf("f1.npy"))).toBe(false);
});

it("leaves nothing if it is stopped or killed", async () => {
  const stopped = [images, "synthetic_circles", "stopped", "steps=400", "threads=1"];
  const { code, stderr } = await stopAt(["sample", ...stopped], /sampling b/, { cwd: root });
  expect([code, stderr]).toEqual([130, expect.stringContaining("nothing was written")]);
  expect(hiddenIn(root)).toEqual([]);
  const transform = { log1p: false, standardise: "none" as const, mean: [0, 0], std: [1, 1] };
  const run = tableRun(pathOf("moving"), { names: ["x", "y"], transform });
  const rows = Array.from({ length: 2000 }, (_, i) => `${i % 7},${i % 5}`);
  writeFileSync(pathOf("new.csv"), `x,y\n${rows.join("\n")}\n`);
  const words = ["sample", run, "new.csv", "killed.csv", "steps=2000", "batch_size=1"];
  const killed = await stopAt(words, /sampling f/, { cwd: root, signal: "SIGKILL" });
  expect(killed.signal).toBe("SIGKILL");
  for (const name of ["stopped", "killed.csv"]) expect(existsSync(pathOf(name))).toBe(false);
});
