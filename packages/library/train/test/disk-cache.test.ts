// A cache of simulated pairs on disk: its rows, its memory, its end.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { stream } from "@dsbm/bridge";
import { io, memory, nn, ones, Parameter, randn, type Tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import { Training } from "../src/training.js";
import { cachedProblem, useCacheFolder, withCache } from "./cached-problems.js";
import { trainingOf } from "./support.js";

const folder = useCacheFolder();

describe("a cache on disk", () => {
  it("holds data at one end, and is gone when its half-iteration is done", async () => {
    const training = trainingOf(cachedProblem({ halfIterations: 3 }));
    const names = (x: Tensor) => x.unbind().map((row) => row.toNumbers().join());
    for await (const e of training.run({ pauseAt: ({ half, step }) => half === 3 && step === 6 })) {
      if (e.type !== "pause") continue;
      const cache = names(io.mapNpy(join(folder(), "cache", "3_f_1_x0.npy")));
      expect(cache).toHaveLength(70);
      expect(names(training.problem.data.x0)).toEqual(expect.arrayContaining(cache));
    }
    expect(readdirSync(join(folder(), "cache"))).toEqual([]);
  });

  it("is simulated in memory for one part, whatever its size", async () => {
    class Still extends nn.Module {
      weight = new Parameter(ones([1]));
      forward(x: Tensor): Tensor {
        return x.mul(this.weight).mul(0.1);
      }
    }
    await collectGarbage();
    const wide = tidy(() => randn([400, 4096], { generator: stream(1, "wide") }).keep());
    /** The highest memory while a cache of so many pairs is made, over what there was before. */
    const peak = async (npar: number) => {
      const problem = cachedProblem({
        data: { x0: wide, x1: wide },
        network: () => new Still(),
        firstPass: 1,
        halfIterations: 2,
        firstSteps: 1,
        steps: 1,
        emaRate: null,
      });
      const training = new Training(withCache(problem, { npar, batchSize: 20, refreshStride: 1 }));
      let before = 0;
      let highest = 0;
      for await (const e of training.run()) {
        if (e.type !== "cache") continue;
        const { current, peak: most } = memory({ resetPeak: e.done === 0 });
        if (e.done === 0) before = current;
        else highest = most - before;
      }
      training.dispose();
      return highest;
    };
    const few = await peak(40);
    const many = await peak(2000); // 65 MB on disk
    expect(few).toBeGreaterThan(20 * 4096 * 4);
    expect(many).toBeLessThan(1.5 * few);
    wide.dispose();
  });

  it("has standardised ends with normalize", async () => {
    const problem = cachedProblem({ halfIterations: 3 });
    const training = trainingOf(withCache(problem, { normalize: true }));
    for await (const e of training.run({ pauseAt: ({ half, step }) => half === 3 && step === 6 })) {
      if (e.type !== "pause") continue;
      tidy(() => {
        const x = io.mapNpy(join(folder(), "cache", "3_f_1_x1.npy")).to("float64");
        for (const value of x.mean([0]).toNumbers()) expect(Math.abs(value)).toBeLessThan(1e-5);
        for (const value of x.var({ dim: [0] }).toNumbers()) expect(value).toBeCloseTo(1, 5);
      });
    }
  });
});
