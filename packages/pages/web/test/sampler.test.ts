// Paths of rows, discrete DSB and refused calls; test/e2e/export.test.ts compares samples with dsbm.
import { describe, expect, it } from "vitest";
import { createBridge, type Network } from "../src/index.js";

const rows = (n: number, x: number[]) => Array.from({ length: n }, () => x);
const linear =
  (a: number): Network =>
  (x) =>
    x.map((value) => a * value);

describe("Euler–Maruyama", () => {
  it("gives a row the same path in any batch, and another path with another seed or direction", async () => {
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

it("masses jump at the start and at the end alone", async () => {
  const gain: Network = (x, { time }) => x.map((_, i) => (i % 2) * Math.log(time > 0 ? 3 : 2));
  const networks = { f: linear(0) };
  const bridge = createBridge({ networks, jumps: { f: gain }, shape: [2], mass: true, times: 2 });
  const { pathWeights } = await bridge.sample([[1]]);
  expect(pathWeights.map(([mass]) => Math.round(mass))).toEqual([1, 2, 6]);
});

describe("draws of the endpoint", () => {
  // Brownian motion from 1: the endpoint given a state is normal around it with variance σ²·(time left).
  const sigma = 0.5;
  const endpoint =
    (isForward: boolean): Network =>
    (x, { time, noise }) =>
      x.map((value, i) => value + sigma * Math.sqrt(isForward ? 1 - time : time) * noise![i]);
  const bridge = createBridge({
    shape: [1],
    networks: { f: endpoint(true), b: endpoint(false) },
    ...{ predicts: "endpoint", sigma, times: 4, resample: false, batch: 1000 },
  });

  it.each([1, 2, 4])(
    "have the law of the process at each of %i steps, both ways",
    async (steps) => {
      for (const direction of ["f", "b"] as const) {
        const n = 4000;
        const { path, times } = await bridge.sample(rows(n, [1]), { direction, steps });
        path.slice(1).forEach((states, k) => {
          const moved = states.map(([x]) => x - 1);
          const variance = sigma ** 2 * Math.abs(times[k + 1] - times[0]);
          const mean = moved.reduce((sum, x) => sum + x, 0) / n;
          const second = moved.reduce((sum, x) => sum + x * x, 0) / n;
          // Four standard errors.
          expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(variance / n));
          expect(Math.abs(second / variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
        });
      }
    },
  );

  it("take divisors of their steps alone, and have no flow", async () => {
    expect(bridge.info).toMatchObject({ stepChoices: [1, 2, 4], flow: false, random: true });
    await expect(bridge.sample([[0]], { steps: 3 })).rejects.toThrow(
      "steps is 3; this bridge was trained on 4 steps and takes 1, 2, 4",
    );
    await expect(bridge.sample([[0]], { solver: "heun" })).rejects.toThrow("no probability flow");
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

describe("calls", () => {
  const bridge = createBridge({ shape: [2], networks: { f: linear(-1) }, times: 3 });

  it("return the kind of their input, every state, and report each step", async () => {
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

  it("end when they are aborted", async () => {
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
    [[[1, null as never]], {}, /row 0 has the value null; expected numbers/],
    [[[1, [2] as never]], {}, /row 0 has the value \[2\]; expected numbers/],
    [[[1, 2]], { steps: 0 }, /steps is 0/],
    [[[1, 2]], { steps: 1e9 }, /steps is 1000000000; expected an integer from 1 to 100000/],
    [[[1, 2]], { step: 3 } as never, /step is no option; expected direction, steps, /],
    [[[1, 2]], { seed: -1 }, /seed is -1/],
    [[[1, 2]], { direction: "b" as const }, /direction is "b", which this bridge does not have/],
    [[[1, 2]], { direction: "x" as never }, /expected "f" or "b"/],
    [[[1, 2]], { solver: "rk4" as never }, /expected sde, heun or euler/],
  ])("refuse %j with %j", async (x0, options, message) => {
    await expect(bridge.sample(x0, options)).rejects.toThrow(message);
  });

  it("that run end before a disposed bridge is freed, once; later ones are refused", async () => {
    const freed: string[] = [];
    const own = createBridge({
      ...{ shape: [2], networks: { f: linear(-1) }, times: 3 },
      dispose: () => freed.push("networks"),
    });
    const running = own.sample([[1, 2]]).then(() => freed.push("samples"));
    own.dispose();
    own.dispose();
    await expect(own.sample([[1, 2]])).rejects.toThrow(/the bridge is disposed; load it again/);
    await running;
    expect(freed).toEqual(["networks", "samples"]);
  });

  it("name the time at which a drift is not finite", async () => {
    const wild = createBridge({ shape: [1], networks: { f: (x) => x.map(() => Number.NaN) } });
    await expect(wild.sample([[1]])).rejects.toThrow(/sample 0 became NaN/);
  });
});
