// Simulation in chunks: the plain solvers' law, one result whatever the threads, and the newest weights.

import {
  brownian,
  gammaGrid,
  methods,
  type Network,
  type StepVariance,
  sample,
  type TimeGrid,
  uniformGrid,
} from "@dsbm/bridge";
import { full, liveTensors, nn, noGrad, optim, randn, type Tensor, tidy } from "@dsbm/torch";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../test/support/collect.js";
import { distance, seeded, summary } from "../../../test/support/numbers.js";
import { Simulator } from "../src/simulator.js";
import { network } from "./support.js";

// Live tensors are counted.
beforeEach(() => collectGarbage());

const process = brownian({ sigma: 0.8 });
const grid = uniformGrid(5);
const rows = 103;
let x: Tensor;
let networks: Record<"f" | "b", Network>;

beforeAll(() => {
  x = randn([rows, 2], { generator: seeded(1) }).keep();
  networks = { f: network(2)("f"), b: network(2)("b") };
});
afterAll(() => {
  x.dispose();
  networks.f.dispose();
  networks.b.dispose();
});

const make = (changes: { threads?: number; chunkRows?: number } = {}, method = methods.dsbm) =>
  new Simulator({ method, process, networks, chunkRows: 25, ...changes });
const ends = (simulator: Simulator, seed: number, over: TimeGrid = grid) =>
  simulator.endpoints("f", x, { grid: over, generator: seeded(seed) });

describe("Simulator", () => {
  it.each([rows, 51, 25, 1, 1000])(
    "gives one result on 1, 2 and 3 threads, %d rows a chunk",
    (chunkRows) =>
      tidy(() => {
        const [one, two, three] = [1, 2, 3].map((threads) => ends(make({ threads, chunkRows }), 9));
        expect(one?.shape).toEqual([rows, 2]);
        expect(distance(one as Tensor, two as Tensor)).toBe(0);
        expect(distance(one as Tensor, three as Tensor)).toBe(0);
      }),
  );

  it("repeats itself with the same generator's seed only, recorded or not", () =>
    tidy(() => {
      const simulator = make();
      const generator = seeded(9);
      const first = simulator.endpoints("f", x, { grid, generator });
      const second = simulator.endpoints("f", x, { grid, generator });
      expect(distance(first, second)).toBeGreaterThan(0.1);
      expect(distance(first, ends(simulator, 9))).toBe(0);
    }));

  it("steps with the noise of the process, or with that of a bridge, which the last step has none of", () =>
    tidy(() => {
      const same = x.select(0, 0).expand([4000, 2]).contiguous();
      const spreads = (stepVariance?: StepVariance) => {
        const simulator = new Simulator({ method: methods.dsbm, process, networks, stepVariance });
        const states = simulator.path("f", same, { grid, generator: seeded(4) });
        const [first, before, last] = [1, 4, 5].map((k) => states.select(0, k));
        const drift = noGrad(() =>
          networks.f.forward(before as Tensor, full([4000], grid.times[4] as number)),
        );
        // What the first and the last step add beside the drift; all begin at one point.
        const rest = (last as Tensor).sub(before as Tensor).sub(drift.mul(0.2));
        return [first as Tensor, rest].map((noise) => noise.std({ dim: 0 }).mean().item());
      };
      const plain = process.sigma * Math.sqrt(0.2);
      for (const [spread, share] of [
        [spreads(), [1, 1]],
        [spreads("process"), [1, 1]],
        [spreads("bridge"), [Math.sqrt(0.8), 0]],
      ] as const)
        for (const [i, part] of share.entries())
          expect(Math.abs((spread[i] as number) - part * plain)).toBeLessThan(0.03 * plain);
    }));

  it.each([1, 25])("has chunks that draw different noise, %d rows a chunk", (chunkRows) =>
    tidy(() => {
      const same = x.select(0, 0).expand([50, 2]).contiguous();
      const end = make({ chunkRows }).endpoints("f", same, { grid, generator: seeded(2) });
      expect(new Set(end.toNumbers()).size).toBe(100);
    }),
  );

  it("has the law of the plain solver", () =>
    tidy(() => {
      const many = x.repeat([60, 1]);
      const fast = make({ chunkRows: 500 }).endpoints("b", many, { grid, generator: seeded(4) });
      const generator = seeded(5);
      const plain = noGrad(() =>
        sample({ method: methods.dsbm, process, networks }, many, {
          direction: "b",
          grid,
          noise: (y) => randn(y.shape, { generator }),
        }),
      );
      const [a, b] = [summary(fast.sub(many)), summary(plain.sub(many))];
      // The starts are shared: only the noise differs, of variance at least σ² a run.
      expect(Math.abs(a.mean - b.mean)).toBeLessThan(5 * Math.sqrt((a.var + b.var) / a.n));
      expect(Math.abs(a.var / b.var - 1)).toBeLessThan(5 * Math.sqrt(4 / a.n));
    }));

  it("returns the path whose last state is the end, and the states asked for", () =>
    tidy(() => {
      const simulator = make({ threads: 2 });
      const path = simulator.path("f", x, { grid, generator: seeded(9) });
      expect(path.shape).toEqual([6, rows, 2]);
      expect(distance(path.select(0, 0), x)).toBe(0);
      expect(distance(path.select(0, 5), ends(simulator, 9))).toBe(0);
      const some = simulator.path("f", x, { grid, generator: seeded(9), at: [0, 3] });
      expect(some.shape).toEqual([2, rows, 2]);
      expect(distance(some.select(0, 1), path.select(0, 3))).toBe(0);
    }));

  it("without the last noise stops at the mean of the last step", () =>
    tidy(() => {
      const simulator = make();
      const noisy = simulator.endpoints("f", x, { grid, generator: seeded(9) });
      const clean = simulator.endpoints("f", x, { grid, generator: seeded(9), lastNoise: false });
      const { mean, var: v, n } = summary(noisy.sub(clean));
      const want = process.sigma ** 2 / 5;
      expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(want / n));
      expect(Math.abs(v - want)).toBeLessThan(5 * want * Math.sqrt(2 / n));
    }));

  it("sees weights that change after it recorded, averages included", () =>
    tidy(() => {
      const simulator = make();
      const before = ends(simulator, 9);
      const ema = new optim.EMA(networks.f, 0.5);
      noGrad(() => {
        for (const p of networks.f.parameters()) p.add_(0.5);
      });
      const after = ends(simulator, 9);
      expect(distance(after, ends(make(), 9))).toBe(0);
      ema.update();
      ema.copyTo(networks.f);
      const averaged = ends(simulator, 9);
      ema.dispose();
      expect(distance(before, after)).toBeGreaterThan(0.1);
      expect(distance(averaged, after)).toBeGreaterThan(0.01);
      expect(distance(averaged, before)).toBeGreaterThan(0.01);
    }));

  it("keeps apart what is asked on different grids", () =>
    tidy(() => {
      const simulator = make();
      const skew = gammaGrid([1, 2, 3, 4, 5]);
      const wanted = ends(make(), 9, skew);
      ends(simulator, 9);
      expect(distance(ends(simulator, 9, skew), wanted)).toBe(0);

      const increments = (s: Simulator, over: TimeGrid) =>
        s.increments("f", "f", x, { grid: over, generator: seeded(3) });
      const coarse = increments(make({}, methods.dsb), uniformGrid(2));
      const used = make({}, methods.dsb);
      increments(used, grid);
      increments(used, uniformGrid(2)).forEach((t, i) => {
        expect(distance(t, coarse[i] as Tensor)).toBe(0);
      });
    }));

  it("follows a velocity back to where it came from", () =>
    tidy(() => {
      class Line extends nn.Module {
        forward = (y: Tensor) => y.mul(0).add(2);
      }
      const line: Network = new Line();
      const simulator = new Simulator({
        method: methods.rectifiedflow,
        process,
        networks: { f: line, b: line },
        chunkRows: 25,
      });
      const there = simulator.endpoints("f", x, { grid, generator: seeded(1) });
      expect(distance(there, x.add(2))).toBeLessThan(1e-6);
      const back = simulator.endpoints("b", there, { grid, generator: seeded(1) });
      expect(distance(back, x)).toBeLessThan(1e-6);
    }));

  it("leaves nothing behind but the result", () => {
    const simulator = make({ threads: 2 });
    ends(simulator, 1).dispose();
    const before = liveTensors();
    ends(simulator, 2).dispose();
    expect(liveTensors()).toBe(before);
    const kept = ends(simulator, 3);
    expect(liveTensors()).toBe(before + 1);
    kept.dispose();
  });

  it("refuses increments on a grid of unequal steps", () => {
    const uneven = gammaGrid([1, 2]);
    expect(() => ends(make({}, methods.dsb), 1, uneven)).toThrow(/the grid has several/);
  });
});
