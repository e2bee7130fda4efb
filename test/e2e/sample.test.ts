// `dsbm sample` as a user types it: every kind of input and output, and one line for each mistake.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRun, picturePng, runPaths } from "@dsbm/runs";
import { full, Generator, io, randint, randn, type Tensor } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { expectNoTrace, launch, scratch, stopAt, succeed } from "./cli.js";
import { hiddenIn, imageRun, sampleHere as sample, sampled, vectorRun, workIn } from "./sample.js";

const root = scratch();
const at = (name: string) => join(root, name);
const save = (name: string, x: Tensor) => {
  writeFileSync(at(name), io.encodeNpy(x));
  return at(name);
};
const seeded = (seed: number) => ({ generator: Generator.create(seed) });
const load = (path: string) => {
  const raw = io.npy.decode(readFileSync(path), path);
  return { shape: raw.shape, dtype: raw.dtype, values: io.toFloat32(raw) };
};

let images: string;
let vectors: string;
let bytes: string;
workIn(root);
beforeAll(async () => {
  images = imageRun(at("images"));
  vectors = vectorRun(at("vectors"));
  const x = randint(0, 256, [20, 1, 8, 8], { ...seeded(1), dtype: "uint8" });
  bytes = save("bytes.npy", x);
  mkdirSync(at("pictures/more"), { recursive: true });
  for (const [i, name] of names.entries()) {
    const png = await picturePng(x.select(0, i).toArray() as Uint8Array, [1, 8, 8]);
    writeFileSync(at(`pictures/${name}.png`), png);
  }
});

/** The most memory that a process had resident so far, in bytes; 0 once it has ended. */
function peakOf(pid: number): number {
  const path = `/proc/${pid}/status`;
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
}

/** In the order of their names, as folders are read. */
const names = Array.from({ length: 20 }, (_, i) =>
  i < 5 ? `a${i}` : i < 8 ? `more/p${i}` : `picture-${String(i).padStart(2, "0")}`,
);

describe("dsbm sample", () => {
  it("makes the same of a file as of a folder of its pictures, whatever the batch", async () => {
    const file = await succeed(["sample", images, bytes, "a.npy", "threads=1"], { cwd: root });
    expect(file.stdout).toMatch(/samples: 20, direction b, seed 42\n/);
    expect(file.stdout).toMatch(/weights: .*models\/1_b\.safetensors\n/);
    expect(file.stdout).toMatch(/NFE 4\n/);
    expect(file.stdout).toMatch(/output: {2}a\.npy, float32 \[20, 1, 8, 8\]\n/);
    await sampled(images, "pictures", "b.npy", "threads=2", "batch_size=5");
    const [a, b] = [readFileSync(at("a.npy")), readFileSync(at("b.npy"))];
    expect(b.equals(a)).toBe(true);
    expect(load(at("a.npy"))).toMatchObject({ shape: [20, 1, 8, 8], dtype: "float32" });

    await sampled(images, "pictures", "out", "seed=42");
    const made = readdirSync(at("out"), { recursive: true }).map(String).sort();
    expect(made).toEqual([...names.map((name) => `${name}.png`), "more"].sort());
    const flow = ["direction=f", "solver=euler", "ode_step_size=1"];
    expect((await sampled(images, "out", "c.npy", ...flow)).stdout).toMatch(/NFE 1\n/);

    await sampled(images, bytes, "a.npy", "seed=1", "overwrite=true");
    expect(readFileSync(at("a.npy")).equals(a)).toBe(false);
    expect(hiddenIn(root)).toEqual([]);
  });

  it("writes pictures by number, and replaces only those of the same names", async () => {
    mkdirSync(at("numbers"));
    await sampled(images, bytes, "numbers");
    expect(readdirSync(at("numbers")).slice(0, 2)).toEqual(["000000.png", "000001.png"]);
    writeFileSync(at("numbers/mine.txt"), "mine");
    writeFileSync(at("numbers/000003.png"), "old");
    expect((await sample(images, bytes, "numbers")).stderr).toContain("not empty");
    await sampled(images, bytes, "numbers", "overwrite=true");
    expect(readFileSync(at("numbers/mine.txt"), "utf8")).toBe("mine");
    expect(readFileSync(at("numbers/000003.png")).subarray(1, 4).toString()).toBe("PNG");
    expect(readdirSync(at("numbers")).length).toBe(21);
  });

  it("writes paths, the start first", async () => {
    const x = randn([300, 2], seeded(3));
    const start = save("start.npy", x);
    const { stdout } = await sampled(vectors, start, "path.npy", "path=true", "steps=3");
    expect(stdout).toContain("[4, 300, 2]");
    await sampled(vectors, start, "ends.npy", "steps=3");
    const path = load(at("path.npy"));
    expect(path.shape).toEqual([4, 300, 2]);
    expect(path.values.subarray(0, 600)).toEqual(x.toArray());
    expect(path.values.subarray(1800)).toEqual(load(at("ends.npy")).values);
  });

  it("takes float64, image sets, and the Gaussian end with its moments", async () => {
    const doubles = save("doubles.npy", randn([9, 2], { ...seeded(5), dtype: "float64" }));
    await sampled(vectors, doubles, "d.npy", "direction=f");
    await sampled(images, "synthetic_circles", "set.npy");
    expect(load(at("set.npy")).shape).toEqual([500, 1, 8, 8]);

    // The path's first state is the draw itself.
    const gaussian = imageRun(at("gaussian"), ["transfer=false", "mean_final=2", "var_final=4"]);
    await sampled(gaussian, "gaussian:60", "g.npy", "path=true", "steps=1");
    const z = load(at("g.npy")).values.subarray(0, 60 * 64);
    const mean = z.reduce((a, b) => a + b, 0) / z.length;
    const variance = z.reduce((a, b) => a + (b - mean) ** 2, 0) / z.length;
    expect(Math.abs(mean - 2)).toBeLessThan(0.15);
    expect(Math.abs(variance - 4)).toBeLessThan(0.4);
    await sampled(gaussian, "gaussian:21", "h.npy", "path=true", "steps=1");
    expect(load(at("h.npy")).values.subarray(0, 21 * 64)).toEqual(z.subarray(0, 21 * 64));

    const forth = await sampled(vectors, "gaussian:4000", "v.npy", "path=true", "direction=f");
    const v = load(at("v.npy")).values.subarray(0, 8000);
    expect(v.reduce((a, b) => a + b, 0) / 8000).toBeCloseTo(-0.1, 1);
    expect(forth.stderr).toContain("mean -0.1");
  });

  it("takes the newest weights of an interrupted run, or those of a half-iteration", async () => {
    const run = vectorRun(at("three"), [], { halves: ["b", "f", "b"], finished: false });
    const newest = await sample(run, "gaussian:50", "n3.npy");
    expect(newest.stdout).toContain("3_b.safetensors");
    const first = await sample(run, "gaussian:50", "n1.npy", "half_iteration=2");
    expect(first.stdout).toContain("1_b.safetensors");
    expect(readFileSync(at("n1.npy")).equals(readFileSync(at("n3.npy")))).toBe(false);
    const chosen = await sample(run, "gaussian:50", "nx.npy", "half_iteration=7");
    expect(chosen.code).toBe(1 + 1);
    expect(chosen.stderr).toMatch(/weights of 1 \(b\), 2 \(f\), 3 \(b\)/);
  });

  it("gives networks their conditions from files", async () => {
    const words = ["dataset=downscaler_synthetic", "cdsb=true", "model=UNET_tiny"];
    const run = imageRun(at("cdsb"), words);
    const x = save("fields.npy", randn([12, 2, 8, 8], seeded(1)));
    const missing = await sample(run, x, "f.npy");
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toMatch(
      /needs? a condition .*cond=FILE\.npy with float32 \[12, 1, 8, 8\]\n$/,
    );
    const zeros = save("zeros.npy", full([12, 1, 8, 8], 0));
    const ones = save("ones.npy", full([12, 1, 8, 8], 1));
    await sampled(run, x, "f0.npy", `cond=${zeros}`);
    await sampled(run, x, "f1.npy", `cond=${ones}`);
    expect(readFileSync(at("f0.npy")).equals(readFileSync(at("f1.npy")))).toBe(false);
    const few = save("short.npy", full([3, 1, 8, 8], 0));
    const short = await sample(run, x, "f2.npy", `cond=${few}`);
    expect(short.stderr).toMatch(/\[3, 1, 8, 8\]; expected float32 \[12, 1, 8, 8\]/);
    expect(existsSync(at("f2.npy"))).toBe(false);
  });

  it("stops at Ctrl-C, and leaves nothing of the output", async () => {
    const words = [images, "synthetic_circles", "stopped", "steps=400", "threads=1"];
    const { code, stderr } = await stopAt(["sample", ...words], /sampling b/, { cwd: root });
    expect(code, stderr).toBe(130);
    expect(stderr).toContain("nothing was written to stopped");
    expect(existsSync(at("stopped"))).toBe(false);
    expect(hiddenIn(root)).toEqual([]);
  });

  it("takes 100,000 steps in little memory, and stops at Ctrl-C between two", async () => {
    const words = ["sample", vectors, "gaussian:20"];
    const peak = async (out: string, steps: number, wait: number) => {
      const { child, done } = launch([...words, out, `steps=${steps}`, "threads=1"], { cwd: root });
      let highest = 0;
      const look = setInterval(() => {
        highest = Math.max(highest, peakOf(child.pid as number));
      }, 20);
      child.stderr?.on("data", (text) => {
        if (/sampling b/.test(text)) setTimeout(() => child.kill("SIGINT"), wait);
      });
      const ended = await done;
      clearInterval(look);
      return { ...ended, highest };
    };
    const short = await peak("few.npy", 400, 60_000);
    expect(short.code, short.stderr).toBe(0);
    const long = await peak("many.npy", 100_000, 5000);
    expect(long.code, long.stderr).toBe(130);
    expect(long.stderr).toContain("stopped; nothing was written to many.npy");
    expect(existsSync(at("many.npy"))).toBe(false);
    expect(short.highest).toBeGreaterThan(50e6);
    expect(long.highest - short.highest).toBeLessThan(200e6);
  });
});

describe("one clear line for", () => {
  /** IMAGES, VECTORS and BYTES are the runs and the file above; other words are as they are typed. */
  const place = (word: string) =>
    ({ IMAGES: images, VECTORS: vectors, BYTES: bytes, ROOT: root })[word] ?? word;
  beforeAll(() => {
    save("three.npy", randn([3, 2]));
    save("integers.npy", randint(0, 9, [3, 2]));
    save("empty.npy", randn([0, 2]));
    save("columns.npy", randn([3, 5]));
    save("colours.npy", randn([3, 3, 8, 8]));
  });

  it.each([
    ["no words", "", /expected RUN NEW OUT/],
    ["a word too many", "IMAGES BYTES x.npy more", /expected RUN NEW OUT/],
    ["an unknown key", "IMAGES BYTES x.npy direktion=f", /did you mean "direction"/],
    ["several values", "IMAGES BYTES x.npy -m seed=1,2", /leave -m out/],
    ["no run", "pictures BYTES x.npy", /there is no run in .*run\.json/],
    ["several runs", "ROOT BYTES x.npy", /holds \d+ runs: give one of them: .*\//],
    ["an input that is not there", "IMAGES none/x.npy x.npy", /none\/x\.npy is not there/],
    ["an unknown set", "IMAGES mnits_2 x.npy", /no file or folder here.*did you mean "mnist_2"/],
    ["vectors for images", "IMAGES three.npy x.npy", /\[3, 2\]; expected \[n, 1, 8, 8\]/],
    ["images for vectors", "VECTORS BYTES x.npy", /\[20, 1, 8, 8\]: expected a table \[n, d\]/],
    ["integers for images", "IMAGES integers.npy x.npy", /int64; expected/],
    ["other columns", "VECTORS columns.npy x.npy", /5 columns of numbers .*; expected 2/],
    ["no rows", "VECTORS empty.npy x.npy", /no rows/],
    ["other channels", "IMAGES colours.npy x.npy", /\[3, 3, 8, 8\]/],
    ["a Gaussian that is none", "IMAGES gaussian:5 x.npy", /data at both ends/],
    ["a count that is none", "VECTORS gaussian:many x.npy", /gaussian:100/],
    ["pictures of vectors", "VECTORS gaussian:5 out", /a folder cannot .*\.parquet, \.npy/],
    ["a format that is not written", "VECTORS gaussian:5 x.h5ad", /\.h5ad cannot be .*\.csv/],
    ["an animation", "IMAGES BYTES x.gif", /\.gif cannot .*\.npz, .*x\.gif\/ with a slash/],
    ["one picture of many", "IMAGES BYTES x.png", /one picture, but NEW has 20/],
    ["too many steps", "IMAGES BYTES x.npy steps=1000000000", /steps: expected .*<= 100000/],
    ["a path as pictures", "IMAGES BYTES folder-out path=true", /states of paths; .*\.npz/],
    ["classes for networks without", "IMAGES BYTES x.npy y=1", /without classes/],
    ["steps of an ODE", "IMAGES BYTES x.npy solver=heun steps=5", /ode_step_size/],
    ["a noise of an ODE", "VECTORS gaussian:5 x.npy solver=heun diffusion=0.5", /solver=sde/],
    ["a noise below 0", "VECTORS gaussian:5 x.npy diffusion=-1", /diffusion: expected .*>= 0/],
    ["a tolerance of the SDE", "IMAGES BYTES x.npy ode_tol=1e-3", /solver=dopri5/],
    ["resizing an array", "IMAGES BYTES x.npy resize=true", /leave it out/],
  ])("%s", async (_, words, expected) => {
    const { code, stderr, stdout } = await sample(...words.split(" ").filter(Boolean).map(place));
    expect(stderr.trim().split("\n").at(-1)).toMatch(expected);
    expectNoTrace(stderr);
    expect(stderr.trim().split("\n").length).toBe(1);
    expect([code > 0, stdout, existsSync(at("x.npy"))]).toEqual([true, "", false]);
  });

  it("NaN in the input, by its row, with nothing left of the output", async () => {
    const x = randn([30, 2], seeded(1));
    x.select(0, 17).fill_(Number.NaN);
    const { code, stderr } = await sample(vectors, save("nan.npy", x), "x.npy");
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/nan\.npy: column c0 has 1 missing .* row 18.*missing=drop/);
    expect(existsSync(at("x.npy"))).toBe(false);
    expect(hiddenIn(root)).toEqual([]);
  });

  it("an output that is there, and a direction without weights", async () => {
    writeFileSync(at("there.npy"), "old");
    const there = await sample(vectors, "gaussian:5", "there.npy");
    expect(there.stderr).toMatch(/there already.*overwrite=true/);
    expect(readFileSync(at("there.npy"), "utf8")).toBe("old");
    const run = vectorRun(at("imf-b"), ["fb_sequence=[b]"], { halves: ["b"] });
    const never = await sample(run, "gaussian:5", "x.npy", "direction=f");
    expect(never.stderr).toMatch(/direction=f is not trained by this run/);
    expect([there.code, never.code].every((code) => code !== 0)).toBe(true);
  });

  it("runs without weights, of other commands, or with damaged weights", async () => {
    const empty = openRun({ folder: at("empty"), dsbm: "0", config: {}, columns: ["x"] });
    empty.finish();
    expect((await sample("empty", bytes, "x.npy")).stderr).toMatch(/another command/);
    vectorRun(at("no-weights"), [], { halves: [] });
    expect((await sample("no-weights", bytes, "x.npy")).stderr).toMatch(/no weights yet/);
    const damaged = vectorRun(at("damaged"));
    const { model } = runPaths(damaged);
    writeFileSync(model(1, "b"), readFileSync(model(1, "b")).subarray(0, 900));
    expect((await sample("damaged", "gaussian:5", "x.npy")).stderr).toMatch(/1_b\.safetensors/);
    writeFileSync(model(1, "b"), readFileSync(runPaths(images).model(1, "b")));
    rmSync(join(damaged, "manifest.jsonl"), { force: true });
    const other = await sample("damaged", "gaussian:5", "x.npy");
    expect(other.stderr).toMatch(/does not belong to/);
    expect(other.stderr.trim().split("\n").length).toBe(1);
  });

  it("pictures of another size, which resize=true brings to the run's", async () => {
    mkdirSync(at("large"));
    const png = await picturePng(new Uint8Array(16 * 12).fill(255), [1, 12, 16]);
    writeFileSync(at("large/one.png"), png);
    const large = await sample(images, "large", "r.npy");
    expect(large.stderr).toMatch(/one\.png has 16×12 pixels; expected 8×8: write resize=true/);
    await sampled(images, "large", "r.npy", "resize=true", "path=true");
    expect(new Set(load(at("r.npy")).values.subarray(0, 64))).toEqual(new Set([1]));
    writeFileSync(at("large/one.jpg"), png);
    expect((await sample(images, "large", "r2.npy")).stderr).toMatch(/differ in their endings/);
    rmSync(at("large/one.jpg"));
    writeFileSync(at("large/two.png"), "no picture");
    expect((await sample(images, "large", "r2.npy", "resize=true")).stderr).toMatch(/two\.png/);
    mkdirSync(at("nothing"));
    expect((await sample(images, "nothing", "r2.npy")).stderr).toMatch(/no pictures in nothing/);
  });

  it("moments that the missing training images would give", async () => {
    const words = ["transfer=false", "final_adaptive=true", `Dataset=folder:${at("gone")}`];
    const run = imageRun(at("adaptive"), words);
    const { code, stderr } = await sample(run, "gaussian:5", "x.npy");
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/final_adaptive=true .*training images.*\.npy file/);
    // Everything else about the run works without them.
    await sampled(run, bytes, "without.npy");
  });
});
