// A bridge as programs hold it: the steps of training, noise that belongs to rows, memory that does not grow.
import { join } from "node:path";
import { sample } from "@dsbm/bridge";
import {
  Generator,
  io,
  memory,
  noGrad,
  randn,
  setNumThreads,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "@dsbm/torch";
import { RowNoise } from "@dsbm/train";
import { beforeAll, expect, it } from "vitest";
import { imageRun, tableRun, vectorRun } from "../../../../test/e2e/sample.js";
import { collectGarbage } from "../../../../test/support/collect.js";
import { scratch } from "../../../../test/support/scratch.js";
import { wordsOf } from "../../../../test/support/words.js";
import { Bridge } from "../src/bridge.js";
import type { RunSampleOptions } from "../src/bridge-options.js";

const root = scratch();
beforeAll(() => setNumThreads(1));

const normal = (shape: number[], seed: number) =>
  randn(shape, { generator: Generator.create(seed) });
/** The largest difference of two tensors. */
const gap = (a: Tensor, b: Tensor) => tidy(() => a.sub(b).abs().max().item());

async function samplesOf(folder: string, x: Tensor, options: RunSampleOptions = {}) {
  using bridge = Bridge.open(folder, { threads: 1 });
  return await bridge.sample(x, options);
}

/** Expects the energies of steps to be the squares of the drifts at the states, times the lengths of the steps. */
async function expectEnergies(bridge: Bridge, x: Tensor, direction: "b" | "f") {
  const drift = bridge.drift(direction);
  // DSB has a sampler of its own and no drift.
  if (!drift) return;
  const expected: number[][] = [];
  const energies: number[][] = [];
  const { steps } = bridge.trained.grid;
  await bridge.sample(x, {
    direction,
    energies: true,
    onState(state, { k, time, energies: ofStep }) {
      if (ofStep) energies.push(ofStep.toNumbers());
      const dt = (direction === "f" ? steps : steps.toReversed())[k] ?? 0;
      const squares = tidy(() =>
        drift(state, zeros([11]).add(time))
          .flatten({ startDim: 1 })
          .square()
          .sum(1)
          .toNumbers(),
      );
      expected.push(squares.map((one) => one * dt));
    },
  });
  expect(energies).toHaveLength(4);
  for (const [k, ofStep] of energies.entries())
    for (const [i, energy] of ofStep.entries())
      expect(energy / (expected[k]?.[i] as number)).toBeCloseTo(1, 3);
}

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
])("takes the steps of the run: %s", async (name, method, words) => {
  using bridge = Bridge.open(imageRun(join(root, name), [`method=${method}`, ...words]));
  const { trained, networks } = bridge;
  const x = normal([11, 1, 8, 8], 5);
  for (const direction of ["b", "f"] as const) {
    const noise = new RowNoise({ first: 0, n: 11 }, { seed: 7, purpose: direction, device: "cpu" });
    const expected = noGrad(() =>
      sample({ ...trained, networks }, x, {
        direction,
        grid: trained.grid,
        lastNoise: false,
        noise: () => noise.normal([1, 8, 8]),
      }),
    );
    const { x: end, nfe } = await bridge.sample(x, { direction, seed: 7 });
    expect(nfe).toBe(4);
    expect(gap(end, x)).toBeGreaterThan(0.01);
    expect(gap(end, expected)).toBeLessThan(1e-4);
    const { states } = await bridge.paths(x, { direction, seed: 7 });
    expect(states.shape).toEqual([5, 11, 1, 8, 8]);
    expect(gap(states.select(0, 0), x)).toBe(0);
    expect(gap(states.select(0, 4), end)).toBeLessThan(1e-6);
    await expectEnergies(bridge, x, direction);
  }
  if (method !== "dsb") return;
  await expect(bridge.sample(x, { solver: "heun" })).rejects.toThrow(/no probability flow/);
  await expect(bridge.sample(x, { steps: 5 })).rejects.toThrow(/leave steps out$/);
});

it("keeps the last noise of vectors, as in evaluations", async () => {
  // σ = 3: the noise of the last of five steps has a spread of 3/√5.
  using bridge = Bridge.open(vectorRun(join(root, "last"), ["sigma=3"]), { threads: 1 });
  const { states } = await bridge.paths(normal([2000, 2], 4), { at: [4, 5] });
  const rise = tidy(() => states.select(0, 1).sub(states.select(0, 0)).std().item());
  expect(rise).toBeGreaterThan(0.9 * (3 / Math.sqrt(5)));
});

it("runs the probability flow there and back with a single drift", async () => {
  const x = normal([30, 2], 2);
  const folder = vectorRun(join(root, "flow"), [], { halves: ["b", "f"] });
  const options = { solver: "dopri5", ode_tol: 1e-6 } as const;
  const there = await samplesOf(folder, x, { ...options, direction: "f" });
  const back = await samplesOf(folder, there.x, { ...options, direction: "b" });
  expect(gap(there.x, x)).toBeGreaterThan(0.05);
  expect(gap(back.x, x)).toBeLessThan(1e-3);
  const loose = await samplesOf(folder, x, { solver: "dopri5", ode_tol: 1e-1, direction: "f" });
  expect(loose.nfe).toBeLessThan(there.nfe);
  const half = vectorRun(join(root, "half"), [], { halves: ["b"], finished: false });
  const missing = samplesOf(half, x, { direction: "f" });
  await expect(missing).rejects.toThrow(/has not been trained yet/);
  expect(gap((await samplesOf(half, x, { direction: "f", solver: "euler" })).x, x)).toBeGreaterThan(
    0.01,
  );
});
it("draws noise by row, seed and purpose alone, in any batch", async () => {
  const folder = vectorRun(join(root, "beside"));
  const x = normal([700, 2], 8);
  const { x: whole } = await samplesOf(folder, x);
  const head = await samplesOf(folder, x.narrow(0, 0, 500));
  expect(gap(whole.narrow(0, 0, 500), head.x)).toBe(0);
  using bridge = Bridge.open(folder, { threads: 3 });
  expect(gap(whole, (await bridge.sample(x)).x)).toBe(0);
  // Even chunks are of other lengths: products are rounded otherwise.
  expect(gap(whole, (await bridge.sample(x, { evenChunks: true })).x)).toBeLessThan(1e-5);
  for (const other of [{ seed: 1 }, { purpose: "again" }])
    expect(gap(whole, (await bridge.sample(x, other)).x)).toBeGreaterThan(0.1);
});

it("has the density of the source if the flow stands still", async () => {
  const transform = { log1p: false, standardise: "none" as const, mean: [0, 0], std: [1, 1] };
  using bridge = Bridge.open(
    tableRun(join(root, "still"), { names: ["a", "b"], transform }, { scale: 0 }),
  );
  const logDensity = (x: Tensor) =>
    x
      .square()
      .sum(1)
      .div(-2)
      .sub(Math.log(2 * Math.PI));
  const x = normal([20, 2], 1);
  expect(gap(bridge.likelihood(x, { logDensity, steps: 2 }), logDensity(x))).toBeLessThan(1e-5);
  expect(gap(bridge.velocity()!(x, zeros([20])), zeros([20, 2]))).toBe(0);
});

it("gives each row its conditions in the network", async () => {
  const words =
    "model.class_cond=true Dataset=synthetic_shapes Dataset_transfer=synthetic_shapes method=rf";
  using bridge = Bridge.open(imageRun(join(root, "classes"), wordsOf(words), { classes: 2 }));
  expect(bridge.classes).toBe(2);
  const x = normal([4, 1, 8, 8], 6);
  const by = async (classes: number[]) =>
    (await bridge.sample(x, { conditions: { y: tensor(BigInt64Array.from(classes, BigInt)) } })).x;
  const [zero, one, mixed] = [
    await by([0, 0, 0, 0]),
    await by([1, 1, 1, 1]),
    await by([0, 1, 0, 1]),
  ];
  expect(gap(zero, one)).toBeGreaterThan(1e-3);
  expect(gap(mixed.select(0, 1), one.select(0, 1))).toBeLessThan(1e-5);
  expect(gap(mixed.select(0, 2), zero.select(0, 2))).toBeLessThan(1e-5);
  await expect(bridge.sample(x)).rejects.toThrow(/conditions\.y is missing/);
});

it("refuses bad samples in one line", async () => {
  using bridge = Bridge.open(vectorRun(join(root, "refuses")));
  for (const [x, options, message] of [
    [normal([4, 3], 1), {}, /\[4,3\]; expected float32 \[n, 2\]/],
    [normal([4, 2], 1).to("float64"), {}, /float64/],
    [normal([4, 2], 1).div(0), {}, /NaN or infinite/],
    [normal([4, 2], 1), { steps: 0 }, /steps/],
    [normal([4, 2], 1), { ode_tol: 1e-3 }, /dopri5/],
    [normal([4, 2], 1), { conditions: { cond: normal([4, 1], 1) } }, /conditions\.cond/],
    [normal([4, 2], 1), { signal: AbortSignal.abort(new Error("stopped here")) }, /stopped here/],
  ] as const)
    await expect(bridge.sample(x, options)).rejects.toThrow(message);
});

it("keeps no more programs and tensors for many calls than for a few", async () => {
  using bridge = Bridge.open(vectorRun(join(root, "calls")), { threads: 1 });
  const call = async (n: number, steps: number) => {
    const start = io.fromRaw(io.fromTyped(new Float32Array(2 * n), [n, 2]));
    const { x } = await bridge.sample(start, { steps });
    for (const t of [start, x]) t.dispose();
  };
  const use = () => ({
    tensors: memory().live,
    bytes: memory().current,
    programs: bridge.sampler.programs,
  });
  await call(7, 1);
  await collectGarbage();
  await new Promise(setImmediate);
  const few = use();
  for (let i = 0; i < 40; i++) await call(7, 1);
  expect(use()).toEqual(few);
  for (let n = 1; n < 20; n++) await call(n, 1);
  expect(bridge.sampler.programs).toBeLessThanOrEqual(3);
});
