// Samplers on drifts whose law is known: Brownian bridges, a Gaussian pulled to a point, flows with closed forms.
import { describe, expect, it } from "vitest";
import { type Bridge, createBridge, type Network, unitsOf } from "../src/index.js";

const rows = (n: number, x: number[]) => Array.from({ length: n }, () => x);
const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;
const variance = (x: number[]) => mean(x.map((v) => (v - mean(x)) ** 2));
const farthest = (x: number[], from: number) => Math.max(...x.map((v) => Math.abs(v - from)));
const columnOf = (x: readonly (readonly number[])[], k = 0) => x.map((row) => row[k] as number);

/** The drift of Brownian motion pinned at `end` where the direction runs to. */
const pinned =
  (end: number, direction: "f" | "b"): Network =>
  (x, { time }) =>
    x.map((value) => (end - value) / (direction === "f" ? 1 - time : time));
const linear =
  (a: number): Network =>
  (x) =>
    x.map((value) => a * value);

describe("Euler–Maruyama", () => {
  it("is exact for a Brownian bridge with the variance of a bridge, however long the steps are", async () => {
    const bridge = createBridge({
      shape: [1],
      networks: { f: pinned(3, "f"), b: pinned(-1, "b") },
      sigma: 2,
      times: [0, 0.25, 1],
      stepVariance: "bridge",
    });
    const there = await bridge.sample(rows(4000, [1]));
    expect(there.times).toEqual([0, 0.25, 1]);
    // x_t = (1 − t) x_0 + t x_1 + σ√(t(1 − t)) z
    const middle = columnOf(there.path[1] as number[][]);
    expect(mean(middle)).toBeCloseTo(1.5, 1);
    expect(variance(middle) / (4 * 0.25 * 0.75)).toBeCloseTo(1, 1);
    expect(farthest(columnOf(there.x), 3)).toBeLessThan(1e-5);
    const back = await bridge.sample(rows(4000, [3]), { direction: "b" });
    expect(back.times).toEqual([1, 0.25, 0]);
    expect(mean(columnOf(back.path[1] as number[][]))).toBeCloseTo(-1 + 4 * 0.25, 1);
    expect(farthest(columnOf(back.x), -1)).toBeLessThan(1e-5);
  });

  it("has the variance of the process, and leaves out the last noise where it is told to", async () => {
    const noise = { shape: [2], networks: { f: linear(0) }, sigma: 0.5, times: 4 };
    const ends = (await createBridge(noise).sample(rows(4000, [0, 0]))).x;
    expect(variance(columnOf(ends, 1)) / 0.25).toBeCloseTo(1, 1);
    const quiet = await createBridge({ ...noise, lastNoise: false }).sample(rows(10, [0, 0]));
    expect(quiet.path[4]).toEqual(quiet.path[3]);
    expect(quiet.path[3]).not.toEqual(quiet.path[2]);
  });

  it("gives a row the same path whatever lies beside it, and another with another seed or direction", async () => {
    const bridge = createBridge({
      shape: [1],
      networks: { f: linear(-1), b: linear(-1) },
      batch: 7,
    });
    const all = (await bridge.sample(rows(20, [1]), { seed: 5 })).x;
    const part = (await bridge.sample(rows(3, [1]), { seed: 5, first: 11 })).x;
    expect(part).toEqual(all.slice(11, 14));
    expect((await bridge.sample(rows(1, [1]), { seed: 6 })).x[0]).not.toEqual(all[0]);
    expect((await bridge.sample(rows(1, [1]), { seed: 5, direction: "b" })).x[0]).not.toEqual(
      all[0],
    );
  });
});

describe("flows", () => {
  const error = async (bridge: Bridge, solver: "euler" | "heun", steps: number) =>
    Math.abs(
      (((await bridge.sample([[1]], { solver, steps })).x[0] as number[])[0] as number) - Math.E,
    );

  it.each([
    ["euler", 2],
    ["heun", 4],
  ] as const)("%s: twice as many steps make the error %i times smaller", async (solver, ratio) => {
    const bridge = createBridge({ shape: [1], networks: { f: linear(1) }, predicts: "velocity" });
    const [coarse, fine] = [await error(bridge, solver, 20), await error(bridge, solver, 40)];
    expect(coarse / fine).toBeGreaterThan(0.9 * ratio);
    expect(coarse / fine).toBeLessThan(1.1 * ratio);
  });

  it("runs backward to where it came from, by half the difference of the drifts", async () => {
    // Of dX = dW from N(0, 1), the backward drift is −x/(1 + t), so v = x/(2(1 + t)) and x_1 = √2 x_0.
    const bridge = createBridge({
      shape: [1],
      networks: { f: linear(0), b: (x, { time }) => x.map((value) => -value / (1 + time)) },
    });
    const there = await bridge.sample([[1], [-2]], { solver: "heun" });
    expect((there.x[0] as number[])[0]).toBeCloseTo(Math.SQRT2, 3);
    const back = await bridge.sample(there.x, { solver: "heun", direction: "b" });
    expect((back.x[1] as number[])[0]).toBeCloseTo(-2, 5);
  });

  it("has no noise along a velocity, and the same field both ways", async () => {
    const bridge = createBridge({
      shape: [1],
      networks: { b: linear(1) },
      predicts: "velocity",
      times: 1,
    });
    expect(bridge.info).toMatchObject({ directions: ["f", "b"], random: false, flow: true });
    expect((await bridge.sample([[1]])).x).toEqual([[2]]);
    expect((await bridge.sample([[1]], { direction: "b" })).x).toEqual([[0]]);
  });
});

describe("discrete DSB", () => {
  it("gives networks the count of the step, and takes scales and deviations by time", async () => {
    const asked: number[] = [];
    const bridge = createBridge({
      shape: [1],
      networks: {
        b: (x, { time }) => {
          asked.push(time);
          return x.map(() => 1);
        },
      },
      predicts: "mean",
      means: { scales: [1, 10], deviations: [0, 0], meanMatch: false },
      times: 2,
      resample: false,
    });
    const { path } = await bridge.sample([[0]]);
    expect(asked).toEqual([0, 1]);
    expect(path).toEqual([[[0]], [[10]], [[11]]]);
    await expect(bridge.sample([[0]], { steps: 3 })).rejects.toThrow(/trained on 2 steps/);
    await expect(bridge.sample([[0]], { solver: "heun" })).rejects.toThrow(/no probability flow/);
  });
});

describe("units", () => {
  it("are the data's own on both sides: log1p, standardised, constant columns", async () => {
    const standardisation = { log1p: true, mean: [Math.log1p(3), 2], std: [0.5, 0] };
    const bridge = createBridge({
      shape: [2],
      networks: { f: (x) => x.map(() => 1) },
      units: unitsOf({ shape: [2], standardisation }),
      ...{ sigma: 0, times: 1 },
    });
    const { x } = await bridge.sample([[3, 4]]);
    // One deviation further in log(1 + x); the constant column has its value.
    expect((x[0] as number[])[0]).toBeCloseTo(4 * Math.exp(0.5) - 1, 5);
    expect((x[0] as number[])[1]).toBeCloseTo(Math.expm1(2), 5);
  });

  it("may be those of principal components", async () => {
    const projection = {
      ...{ shape: [1, 1, 3], mean: Float32Array.of(1, 1, 1), scale: 2 },
      basis: Float32Array.of(1, 0, 0, 0, 0, 1),
    };
    const units = unitsOf({ shape: [2], projection });
    const z = units.apply({ data: [3, 9, 5] as unknown as Float32Array, shape: [1, 1, 1, 3] });
    expect([...z]).toEqual([1, 2]);
    expect(units.undo(z, 1)).toEqual({ data: Float32Array.of(3, 1, 5), shape: [1, 1, 1, 3] });
  });
});

describe("calls", () => {
  const bridge = createBridge({ shape: [2], networks: { f: linear(-1) }, times: 3 });

  it("return the kind that was given, every state, and tell each step", async () => {
    const seen: number[] = [];
    const data = Float32Array.of(1, 2, 3, 4);
    const { x, path } = await bridge.sample(
      { data, shape: [2, 2] },
      { onStep: ({ k }) => seen.push(k) },
    );
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(path).toHaveLength(4);
    expect(path.at(-1)).toBe(x);
    expect(x.shape).toEqual([2, 2]);
    expect([...data]).toEqual([1, 2, 3, 4]);
    expect((await bridge.sample([[1, 2]], { path: false })).path).toEqual([]);
  });

  it("end where they are aborted", async () => {
    const controller = new AbortController();
    const onStep = ({ k }: { k: number }) => k === 1 && controller.abort();
    const run = bridge.sample([[1, 2]], { onStep, signal: controller.signal });
    await expect(run).rejects.toThrow(/abort/);
  });

  it.each([
    [[[1]], {}, /row 0 has 1 numbers; expected 2/],
    [[], {}, /at least one row/],
    [Float32Array.of(1, 2) as never, {}, /samples are Float32Array; expected rows, or/],
    [undefined as never, {}, /samples are undefined; expected rows, or/],
    [[[1, Number.NaN]], {}, /sample 0 has the value NaN/],
    [[[1, 2]], { steps: 0 }, /steps is 0/],
    [[[1, 2]], { seed: -1 }, /seed is -1/],
    [[[1, 2]], { direction: "b" as const }, /direction is "b", which this bridge does not have/],
    [[[1, 2]], { direction: "x" as never }, /expected "f" or "b"/],
    [[[1, 2]], { solver: "rk4" as never }, /expected sde, heun or euler/],
  ])("refuse %j with %j", async (x0, options, message) => {
    await expect(bridge.sample(x0, options)).rejects.toThrow(message);
  });

  it("say where a drift leaves the finite numbers", async () => {
    const wild = createBridge({ shape: [1], networks: { f: (x) => x.map(() => Number.NaN) } });
    await expect(wild.sample([[1]])).rejects.toThrow(/sample 0 became NaN/);
  });
});
