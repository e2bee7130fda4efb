// A trained run as programs use it: the same sampler as the one that trained, noise that belongs to rows, memory
// that does not grow.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brownian, sample, uniformGrid } from "@dsbm/bridge";
import { sample as experiment, validate } from "@dsbm/config";
import {
  Generator,
  io,
  memory,
  noGrad,
  randn,
  setNumThreads,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import { RowNoise, Sampler } from "@dsbm/train";
import { beforeAll, describe, expect, it } from "vitest";
import { Bridge, type SampleOptions } from "../../packages/app/inference/src/bridge.js";
import { runSample } from "../../packages/app/inference/src/run.js";
import { loadNetworks, readTrained } from "../../packages/app/inference/src/trained.js";
import { collectGarbage } from "../support/collect.js";
import { scratch, wordsOf } from "./cli.js";
import { imageRun, vectorRun } from "./sample.js";

const root = scratch();
beforeAll(() => setNumThreads(1));

const normal = (shape: number[], seed: number) =>
  randn(shape, { generator: Generator.create(seed) });
const numbers = (x: Tensor) => x.toNumbers();

/** The largest difference of two tensors. */
const gap = (a: Tensor, b: Tensor) => tidy(() => a.sub(b).abs().max().item());

/** What an opened run makes of x. */
async function carried(folder: string, x: Tensor, options: SampleOptions = {}) {
  using bridge = Bridge.open(folder, { threads: 1 });
  return await bridge.sample(x, options);
}

async function pathsOf(folder: string, x: Tensor, options: SampleOptions = {}) {
  using bridge = Bridge.open(folder, { threads: 1 });
  return await bridge.paths(x, options);
}

describe("the sampler", () => {
  it.each([
    ["dbdsb, last step without noise", "dbdsb", []],
    ["dbdsb that predicts the end", "dbdsb", ["mean_match=true"]],
    ["dbdsb with the noise of bridges", "dbdsb", ["step_variance=bridge"]],
    ["dbdsb_vp, scaled", "dbdsb_vp", ["std_trick=true"]],
    ["bm", "bm", []],
    ["rf", "rf", []],
    ["otcfm", "otcfm", []],
    ["dsb", "dsb", ["transfer=false"]],
    [
      "dsb that predicts the mean",
      "dsb",
      ["transfer=false", "mean_match=true", "var_final_gamma_scale=true"],
    ],
  ])("takes the steps of the run's own: %s", async (name, method, words) => {
    const folder = imageRun(join(root, name), [`method=${method}`, ...words]);
    const trained = readTrained(folder, "newest");
    const x = normal([11, 1, 8, 8], 5);
    for (const direction of ["b", "f"] as const) {
      const net = loadNetworks(trained)[direction]!;
      const range = { first: 0, n: 11, block: 8 };
      const seeded = { seed: 7, purpose: direction, device: "cpu" } as const;
      const noise = new RowNoise(range, seeded);
      const expected = noGrad(() =>
        sample({ ...trained, networks: { b: net, f: net } }, x, {
          direction,
          grid: trained.grid,
          lastNoise: false,
          noise: () => noise.normal([1, 8, 8]),
        }),
      );
      const { x: got, nfe } = await carried(folder, x, { direction, seed: 7 });
      expect(nfe).toBe(4);
      expect(gap(got, x)).toBeGreaterThan(0.01);
      expect(gap(got, expected)).toBeLessThan(1e-4);
      const path = await pathsOf(folder, x, { direction, seed: 7 });
      expect(path.states.shape).toEqual([5, 11, 1, 8, 8]);
      expect(gap(path.states.select(0, 0), x)).toBe(0);
      expect(gap(path.states.select(0, 4), got)).toBeLessThan(1e-6);
    }
    if (method === "dsb") {
      await expect(carried(folder, x, { solver: "heun" })).rejects.toThrow(/no probability flow/);
      await expect(carried(folder, x, { steps: 5 })).rejects.toThrow(/leave steps out$/);
    }
  });

  // To rounding: the one for training multiplies large chunks by packed weights, which the one for files, whose rows must not depend
  // on what is beside them, does not.
  it("agrees with the trainers' sampler where there is no noise", async () => {
    const folder = vectorRun(join(root, "flow"), ["model_name=rectifiedflow"], { halves: ["b"] });
    const trained = readTrained(folder, "newest");
    const net = loadNetworks(trained).f!;
    const x = normal([600, 2], 3);
    const sampler = new Sampler({ ...trained, networks: { b: net, f: net } });
    const generator = Generator.create(0);
    const expected = sampler.endpoints("f", x, { grid: trained.grid, generator });
    const { x: ends } = await carried(folder, x, { direction: "f" });
    expect(gap(ends, expected)).toBeLessThan(1e-5);
    expect(gap(ends, x)).toBeGreaterThan(0.01);
  });

  it("keeps the last noise of vectors, as their evaluations do", async () => {
    // σ = 3: the noise of the last of five steps has a spread of 3/√5.
    const folder = vectorRun(join(root, "last"), ["sigma=3"]);
    const x = normal([2000, 2], 4);
    const { states } = await pathsOf(folder, x);
    const rise = tidy(() => states.select(0, 5).sub(states.select(0, 4)).std().item());
    expect(rise).toBeGreaterThan(0.9 * (3 / Math.sqrt(5)));
  });

  it.each(["dsb", "rectifiedflow", "sbcfm"])(
    "samples %s both ways, and by its flow",
    async (name) => {
      const folder = vectorRun(join(root, name), [`model_name=${name}`]);
      const x = normal([40, 2], 1);
      for (const direction of ["b", "f"] as const)
        for (const solver of ["sde", "heun"] as const) {
          const { x: ends, nfe } = await carried(folder, x, { direction, solver });
          expect(ends.shape).toEqual([40, 2]);
          expect(nfe).toBe(solver === "sde" ? 5 : 200);
          expect(gap(ends, x)).toBeGreaterThan(0.01);
        }
      const longer = carried(folder, x, { steps: 10 });
      if (name === "dsb") await expect(longer).rejects.toThrow(/increments of the 5 steps/);
      else expect((await longer).nfe).toBe(10);
    },
  );

  it("runs the probability flow there and back", async () => {
    const folder = vectorRun(join(root, "flow-back"), ["net_name=mlp_small"]);
    const x = normal([30, 2], 2);
    const options = { solver: "dopri5", ode_tol: 1e-6 } as const;
    const there = await carried(folder, x, { ...options, direction: "f" });
    const back = await carried(folder, there.x, { ...options, direction: "b" });
    expect(gap(there.x, x)).toBeGreaterThan(0.05);
    expect(gap(back.x, x)).toBeLessThan(1e-3);
    const loose = await carried(folder, x, { solver: "dopri5", ode_tol: 1e-1, direction: "f" });
    expect(loose.nfe).toBeLessThan(there.nfe);
  });

  it("takes the one drift there is where a direction has no network", async () => {
    const folder = vectorRun(join(root, "half"), [], { halves: ["b"], finished: false });
    const x = normal([10, 2], 2);
    await expect(carried(folder, x, { direction: "f" })).rejects.toThrow(
      /has not been trained yet/,
    );
    const { x: ends } = await carried(folder, x, { direction: "f", solver: "euler" });
    expect(gap(ends, x)).toBeGreaterThan(0.01);
  });

  it("gives all states of a path, the start first", async () => {
    const folder = vectorRun(join(root, "path"));
    const x = normal([260, 2], 9);
    const all = await pathsOf(folder, x, { steps: 4 });
    expect(all.states.shape).toEqual([5, 260, 2]);
    expect(all.times).toEqual([1, 0.75, 0.5, 0.25, 0]);
    expect(gap(all.states.select(0, 0), x)).toBe(0);
    const ends = await carried(folder, x, { steps: 4 });
    expect(gap(all.states.select(0, 4), ends.x)).toBe(0);
    const flow = await pathsOf(folder, x, { solver: "dopri5", direction: "f" });
    expect(flow.states.shape).toEqual([6, 260, 2]);
    expect(flow.times).toEqual(uniformGrid(5).times);
    expect(gap(flow.states.select(0, 0), x)).toBe(0);
  });
});

describe("noise", () => {
  it("is standard normal, of the row, the seed and the direction alone", () => {
    const draw = (first: number, n: number, seed = 1, purpose = "b") =>
      new RowNoise({ first, n }, { seed, purpose }).normal([3]);
    const all = draw(0, 50);
    expect(gap(all.narrow(0, 13, 20), draw(13, 20))).toBe(0);
    for (const other of [draw(0, 50, 2), draw(0, 50, 1, "f"), draw(8, 50)])
      expect(gap(all, other)).toBeGreaterThan(0.5);
    const many = draw(0, 20_000);
    expect(Math.abs(many.mean().item())).toBeLessThan(0.02);
    expect(many.std().item()).toBeCloseTo(1, 1);
    const rows = many.reshape([2500, 24]).narrow(0, 0, 100);
    expect(new Set(numbers(rows.select(1, 0))).size).toBe(100);
  });

  it("does not change with what is simulated beside a row, nor with threads", async () => {
    const folder = vectorRun(join(root, "beside"));
    const x = normal([700, 2], 8);
    const whole = await carried(folder, x);
    const head = await carried(folder, x.narrow(0, 0, 500));
    expect(gap(whole.x.narrow(0, 0, 500), head.x)).toBe(0);
    using bridge = Bridge.open(folder, { threads: 3 });
    expect(gap(whole.x, (await bridge.sample(x)).x)).toBe(0);
    expect(gap(whole.x, (await bridge.sample(x, { seed: 1 })).x)).toBeGreaterThan(0.1);
  });
});

describe("conditions", () => {
  it("reach the networks, row by row", async () => {
    const folder = imageRun(
      join(root, "classes"),
      [
        ...wordsOf("model.class_cond=true Dataset=synthetic_shapes"),
        ...wordsOf("Dataset_transfer=synthetic_shapes method=rf"),
      ],
      { classes: 2 },
    );
    const x = normal([4, 1, 8, 8], 6);
    using bridge = Bridge.open(folder, { threads: 1 });
    expect(bridge.classes).toBe(2);
    const y = (list: number[]) => ({
      given: {
        y: normal([4], 1).mul(0).add(0).to("int64").copyFrom(BigInt64Array.from(list, BigInt)),
      },
    });
    const [zeros, ones, mixed] = [
      (await bridge.sample(x, y([0, 0, 0, 0]))).x,
      (await bridge.sample(x, y([1, 1, 1, 1]))).x,
      (await bridge.sample(x, y([0, 1, 0, 1]))).x,
    ] as [Tensor, Tensor, Tensor];
    expect(gap(zeros, ones)).toBeGreaterThan(1e-3);
    expect(gap(mixed.select(0, 1), ones.select(0, 1))).toBeLessThan(1e-5);
    expect(gap(mixed.select(0, 2), zeros.select(0, 2))).toBeLessThan(1e-5);
    await expect(bridge.sample(x)).rejects.toThrow(/given\.y is missing/);
  });
});

describe("an opened run", () => {
  it("refuses what it cannot sample, in one line", async () => {
    const folder = vectorRun(join(root, "refuses"));
    using bridge = Bridge.open(folder);
    for (const [x, options, message] of [
      [normal([4, 3], 1), {}, /\[4,3\]; expected float32 \[n, 2\]/],
      [normal([4, 2], 1).to("float64"), {}, /float64/],
      [normal([4, 2], 1).div(0), {}, /NaN or infinite/],
      [normal([4, 2], 1), { steps: 0 }, /steps/],
      [normal([4, 2], 1), { ode_tol: 1e-3 }, /dopri5/],
      [normal([4, 2], 1), { given: { cond: normal([4, 1], 1) } }, /given\.cond/],
    ] as const)
      await expect(bridge.sample(x, options)).rejects.toThrow(message);
    const stopped = AbortSignal.abort(new Error("stopped here"));
    const work = bridge.sample(normal([4, 2], 1), { signal: stopped });
    await expect(work).rejects.toThrow("stopped here");
  });

  it("knows brownian runs by their sigma", () => {
    const trained = readTrained(vectorRun(join(root, "sigma"), ["sigma=0.5"]), "newest");
    expect(trained.process.sigma).toBe(brownian({ sigma: 0.5 }).sigma);
  });
});

it("samples 10,000 images in the memory of one batch", async () => {
  const folder = imageRun(join(root, "many"), ["num_steps=2", "num_iter=10"]);
  const input = join(root, "many.npy");
  const n = 10_000;
  const writer = new io.npy.NpyWriter(input, "uint8", [1, 8, 8]);
  const pixels = Uint8Array.from({ length: n * 64 }, (_, i) => (i * 7919) % 256);
  writer.append({ dtype: "uint8", shape: [n, 1, 8, 8], data: pixels });
  writer.close();
  await collectGarbage();
  const seen: { step: number; current: number; live: number; rss: number }[] = [];
  const result = await runSample({
    run: folder,
    input,
    output: join(root, "many-out.npy"),
    config: validate(experiment.schema, { threads: 1, batch_size: 200 }),
    progress: {
      update({ step }) {
        const { current, live } = memory({ resetPeak: step === n / 10 });
        seen.push({ step, current, live, rss: process.memoryUsage().rss });
      },
      line: () => {},
      done: () => {},
    },
  });
  expect(result).toMatchObject({ state: "finished", n, nfe: 2 });
  const [tenth, last] = [seen.find(({ step }) => step === n / 10), seen.at(-1)];
  expect(last?.step).toBe(n - 200);
  expect(last?.current).toBe(tenth?.current);
  expect(last?.live).toBe(tenth?.live);
  // From a tenth to the end tensors took no more than a few batches' worth: 200 images are 51 KB.
  expect(memory().peak - (tenth?.current ?? 0)).toBeLessThan(4_000_000);
  expect((last?.rss ?? 0) - (tenth?.rss ?? 0)).toBeLessThan(100e6);
  using out = io.npy.open(join(root, "many-out.npy"));
  expect(out.shape).toEqual([n, 1, 8, 8]);
});

it("keeps some hundred programs of 100,000 steps, and stops between two", async () => {
  const folder = vectorRun(join(root, "steps"));
  using bridge = Bridge.open(folder, { threads: 1 });
  const stop = new AbortController();
  let last = 0;
  const work = bridge.sample(normal([4, 2], 1), {
    steps: 100_000,
    direction: "f",
    signal: stop.signal,
    onState(_, { k }) {
      last = k;
      if (k === 600) stop.abort(new Error("enough"));
    },
  });
  await expect(work).rejects.toThrow("enough");
  expect(last).toBe(600);
  expect(bridge.programs).toBe(512);
});

it("leaves nothing where the disk refuses", async () => {
  const folder = vectorRun(join(root, "refused"));
  writeFileSync(join(root, "a-file"), "");
  const job = (output: string) =>
    runSample({
      run: folder,
      input: "gaussian:5",
      output,
      config: validate(experiment.schema, { threads: 1 }),
      progress: { update: () => {}, line: () => {}, done: () => {} },
    });
  await expect(job(join(root, "a-file", "out.npy"))).rejects.toThrow(/a-file/);
  await job(join(root, "new", "deep", "out.npy"));
  expect(readdirSync(join(root, "new", "deep"))).toEqual(["out.npy"]);
  expect(existsSync(join(root, "a-file", "out.npy"))).toBe(false);
});

it("leaves nothing where it is stopped in the middle", async () => {
  const folder = vectorRun(join(root, "middle"));
  const stop = new AbortController();
  const result = await runSample({
    run: folder,
    input: "gaussian:1000",
    output: join(root, "middle", "out.npy"),
    config: validate(experiment.schema, { threads: 1, batch_size: 250 }),
    progress: {
      update: ({ step }) => step > 0 && stop.abort(),
      line: () => {},
      done: () => {},
    },
    signal: stop.signal,
  });
  expect(result.state).toBe("interrupted");
  expect(existsSync(join(root, "middle", "out.npy"))).toBe(false);
  expect(readdirSync(join(root, "middle")).filter((name) => name.startsWith(".tmp"))).toEqual([]);
});
