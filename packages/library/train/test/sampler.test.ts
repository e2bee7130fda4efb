// Simulation in chunks: the plain solvers' law, one result whatever the threads, and the newest weights.

import {
  brownian,
  FittedGaussian,
  gammaGrid,
  type Method,
  methods,
  type Network,
  type TimeGrid,
  uniformGrid,
} from "@dsbm/bridge";
import { eye, full, memory, noGrad, optim, randn, type Tensor, tensor } from "@dsbm/torch";
import { afterAll, beforeAll, beforeEach, describe, expect } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import { it } from "../../../../test/support/in-scope.js";
import { distance, generatorOf, summary } from "../../../../test/support/numbers.js";
import { Sampler } from "../src/sampler/sampler.js";
import { network, sampleInParts as sampledTo } from "./support.js";

// Live tensors are counted.
beforeEach(collectGarbage);

const process = brownian({ sigma: 0.8 });
const grid = uniformGrid(5);
const rows = 103;
let x: Tensor;
let networks: Record<"f" | "b", Network>;

beforeAll(() => {
  x = randn([rows, 2], { generator: generatorOf(1) }).keep();
  networks = { f: network(2)("f"), b: network(2)("b") };
});
afterAll(() => {
  x.dispose();
  networks.f.dispose();
  networks.b.dispose();
});

const makeSampler = (
  changes: { threads?: number; chunkRows?: number } = {},
  method: Method = methods.dsbm,
) => new Sampler({ method, process, networks, grid, chunkRows: 25, ...changes });
const ends = (sampler: Sampler, seed: number, over: TimeGrid = grid) =>
  sampler.simulate("f", x, { grid: over, generator: generatorOf(seed) });

describe("Sampler", () => {
  it.each([rows, 51, 25, 1, 1000])(
    "gives one result on 1, 2 and 3 threads, %d rows a chunk",
    (chunkRows) => {
      const [one, two, three] = [1, 2, 3].map((threads) =>
        ends(makeSampler({ threads, chunkRows }), 9),
      );
      expect(one?.shape).toEqual([rows, 2]);
      expect(distance(one, two)).toBe(0);
      expect(distance(one, three)).toBe(0);
    },
  );

  it.each([
    [undefined, 1, 1],
    ["bridge", Math.sqrt(0.8), 0],
  ] as const)(
    "steps with the noise %s: %d of the process's first, %d last",
    (stepVariance, first, last) => {
      const sampler = new Sampler({ method: methods.dsbm, process, networks, stepVariance, grid });
      const same = x.select(0, 0).expand([4000, 2]).contiguous();
      const states = sampler.simulatePaths("f", same, { grid, generator: generatorOf(4) });
      const noiseOf = (k: number) =>
        noGrad(() => {
          const from = states.select(0, k);
          const drift = networks.f.forward(from, full([4000], grid.times[k]));
          return states
            .select(0, k + 1)
            .sub(from)
            .sub(drift.mul(0.2))
            .std({ dim: 0 })
            .mean()
            .item();
        });
      const plain = process.sigma * Math.sqrt(0.2);
      for (const [i, share] of [first, last].entries())
        expect(Math.abs(noiseOf(4 * i) - share * plain)).toBeLessThan(0.03 * plain);
    },
  );
  it("returns the path whose last state is the end, and the states of at", () => {
    const sampler = makeSampler({ threads: 2 });
    const path = sampler.simulatePaths("f", x, { grid, generator: generatorOf(9) });
    expect(path.shape).toEqual([6, rows, 2]);
    expect(distance(path.select(0, 0), x)).toBe(0);
    expect(distance(path.select(0, 5), ends(sampler, 9))).toBe(0);
    const some = sampler.simulatePaths("f", x, { grid, generator: generatorOf(9), at: [0, 3] });
    expect(some.shape).toEqual([2, rows, 2]);
    expect(distance(some.select(0, 1), path.select(0, 3))).toBe(0);
  });

  it("uses weights that change after it recorded, averages included", () => {
    const sampler = makeSampler();
    const before = ends(sampler, 9);
    const ema = new optim.EMA(networks.f, 0.5);
    noGrad(() => {
      for (const p of networks.f.parameters()) p.add_(0.5);
    });
    const after = ends(sampler, 9);
    expect(distance(after, ends(makeSampler(), 9))).toBe(0);
    ema.update();
    ema.copyTo(networks.f);
    const averaged = ends(sampler, 9);
    ema.dispose();
    expect(distance(before, after)).toBeGreaterThan(0.1);
    expect(distance(averaged, after)).toBeGreaterThan(0.01);
    expect(distance(averaged, before)).toBeGreaterThan(0.01);
  });

  it("keeps programs of different grids apart", () => {
    const skew = gammaGrid([1, 2, 3, 4, 5]);
    const increments = (sampler: Sampler, over: TimeGrid) =>
      sampler.simulateRuns("f", "f", x, { grid: over, generator: generatorOf(3) }).target;
    for (const [method, run] of [
      [methods.dsbm, (sampler: Sampler, over: TimeGrid) => ends(sampler, 9, over)],
      [methods.dsb_increments, increments],
    ] as const) {
      const sampler = makeSampler({}, method);
      run(sampler, grid);
      expect(distance(run(sampler, skew), run(makeSampler({}, method), skew))).toBe(0);
    }
  });
});

describe("sample", () => {
  /** The samples of x, cut into `cuts`. */
  const carried = (sampler: Sampler, cuts: readonly number[], options: object = {}) =>
    sampledTo(sampler, x, { cuts, seed: 3, ...options });

  it.each(["sde", "euler", "heun", "dopri5"] as const)(
    "by %s gives rows the same however they are cut and on any number of threads, all states with path",
    async (solver) => {
      const one = makeSampler();
      const whole = await carried(one, [rows], { solver, path: true });
      expect(whole.states).toHaveLength(6);
      expect(distance(whole.states[0], x)).toBe(0);
      const last = whole.states[5];
      const several = makeSampler({ threads: 2 });
      // The rows of dopri5 that are one system are not cut.
      const parts = solver === "dopri5" ? [rows] : [50, 25, 28];
      const cut = await carried(several, parts, { solver });
      // Adaptive steps do not depend on the times between.
      expect(distance(cut.states[0], last)).toBeLessThan(solver === "sde" ? 1e-12 : 1e-4);
      if (solver === "sde") expect(cut.evaluations).toEqual([5 * 50, 5 * 25, 5 * 28]);
      expect(one.rowMultiple(solver)).toBe(solver === "dopri5" ? 200 : 25);
    },
  );
  it.each([0, 0.4, 1.6])(
    "has the marginals of the bridge with any diffusion, g = %s",
    async (diffusion) => {
      const method = methods.gaussian_bridge;
      const network = new FittedGaussian([2]);
      const [x0, x1] = [-1, 1].map((shift, i) =>
        randn([4000, 2], { generator: generatorOf(20 + i) })
          .mul(i + 1)
          .add(shift),
      );
      network.fit(x0, x1, process.sigma ** 2);
      const sampler = new Sampler({
        method,
        process,
        grid: uniformGrid(40),
        chunkRows: 1000,
        networks: { f: network, b: network },
      });
      const [A, B, C] = network.covariance.unbind();
      for (const direction of ["f", "b"] as const) {
        const start = direction === "f" ? x0 : x1;
        const run = (seed: number) =>
          sampledTo(sampler, start, { direction, seed, diffusion, path: true });
        const { states, evaluations } = await run(3);
        expect(evaluations).toEqual([2 * 40 * 4000]);
        for (const k of [10, 20, 30, 40]) {
          const t = direction === "f" ? k / 40 : 1 - k / 40;
          const want = A.mul((1 - t) ** 2)
            .add(B.mul(t ** 2))
            .add(C.add(C.t()).mul(t * (1 - t)))
            .add(eye(2).mul(t * (1 - t) * process.sigma ** 2));
          const state = states[k];
          const centred = state.sub(state.mean(0));
          expect(distance(centred.t().mm(centred).div(4000), want)).toBeLessThan(0.25);
          expect(distance(state.mean(0), x0.mean(0).lerp(x1.mean(0), t))).toBeLessThan(0.12);
        }
        // Without noise a sample is a function of its start.
        const apart = distance((await run(4)).states[40], states[40]);
        if (diffusion === 0) expect(apart).toBe(0);
        else expect(apart).toBeGreaterThan(diffusion);
      }
    },
  );
  it("stops at a signal and leaves nothing behind", async () => {
    const sampler = makeSampler();
    await carried(sampler, [rows]);
    await collectGarbage();
    const before = memory().live;
    const stop = new AbortController();
    let seen = 0;
    const onState = () => {
      if (++seen === 3) stop.abort();
    };
    const options = { seed: 1, path: true, onState, signal: stop.signal };
    expect(await sampler.sample("f", x, options)).toBeNull();
    expect(seen).toBe(3);
    expect(memory().live).toBe(before);
  });

  it("draws the end of a plan once, and paths to it, in both directions", async () => {
    const method: Method = {
      ...methods.dsbm,
      plan: (_network, start, { z, direction }) =>
        start.add(direction === "f" ? 1 : -1).add(z, { alpha: 0.1 }),
    };
    const sampler = makeSampler({}, method);
    const { states, evaluations } = await carried(sampler, [rows], { path: true });
    const { states: ends } = await carried(sampler, [rows]);
    expect(distance(states[5], ends[0])).toBeLessThan(1e-6);
    expect(evaluations).toEqual([rows]);
    const energies: number[] = [];
    const onState = (_: number, __: Tensor, ofStep: Tensor | null) => {
      if (ofStep) energies.push(...ofStep.toNumbers());
    };
    await sampler.sample("f", x, { seed: 3, path: true, energies: true, onState });
    // A path to a drawn end has no drift: the energy is of the network.
    const first = noGrad(() =>
      networks.f
        .forward(x, full([rows], 0))
        .square()
        .sum(1)
        .mul(0.2),
    );
    expect(distance(tensor(energies.slice(0, rows)), first)).toBeLessThan(1e-4);
    expect(energies).toHaveLength(5 * rows);
    const rise = summary(ends[0].sub(x));
    expect(Math.abs(rise.mean - 1)).toBeLessThan((5 * 0.1) / Math.sqrt(rise.n));
    // Half of the way: the mean of the ends, and the variance of a Brownian bridge.
    const path = sampler.simulatePaths("b", x.repeat([40, 1]), {
      generator: generatorOf(2),
      grid: uniformGrid(4),
      at: [0, 2, 4],
    });
    const middle = path.select(0, 1).sub(path.select(0, 0).add(path.select(0, 2)).mul(0.5));
    const { mean, var: v, n } = summary(middle);
    expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(v / n));
    expect(Math.abs(v / (process.sigma ** 2 / 4) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
  });
});
