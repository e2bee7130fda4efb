// Methods that the library does not have (test/support/own-methods.ts): the ordinary driver and sampler train, save, resume
// and sample both.
import { brownian, FittedGaussian, uniformGrid } from "@dsbm/bridge";
import { gaussianEndpoints } from "@dsbm/data";
import { type Tensor, tidy } from "@dsbm/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seeded } from "../../../../test/support/numbers.js";
import { fitted, online, sigma, TwoWays } from "../../../../test/support/own-methods.js";
import type { Problem } from "../src/problem.js";
import { Training } from "../src/training.js";
import { interrupted, numbersOf, problemOf, train } from "./support.js";

const dim = 2;

const data = tidy(() => gaussianEndpoints({ n: 4000, dim, a: 0.5, generator: seeded(1) }));

const problems: Record<string, () => Problem> = {
  online: () =>
    problemOf({
      ...{ data, process: brownian({ sigma }) },
      ...{ method: online, network: () => new TwoWays(), grid: uniformGrid(10) },
      ...{ sequence: ["b"], halfIterations: 2, firstSteps: 250, steps: 150, batchSize: 192 },
      ...{ lr: 3e-3, emaRate: 0.98, emaWarmup: true, threads: 1, lastNoise: false, seed: 2 },
    }),
  fitted: () =>
    problemOf({
      ...{ data, process: brownian({ sigma }) },
      ...{ method: fitted, network: () => new FittedGaussian([dim]), grid: uniformGrid(50) },
      ...{ sequence: ["b"], halfIterations: 1, steps: 1, threads: 1, emaRate: 0.9 },
    }),
};

const state = ({ state: { networks, samplers } }: Training) =>
  numbersOf(networks.b.stateDict(), samplers.b.stateDict());

describe.each(Object.keys(problems))("%s", (name) => {
  const problem = problems[name] as () => Problem;
  let training: Training;
  beforeAll(async () => {
    training = new Training(problem());
    await train(training);
  });
  afterAll(() => training.dispose());

  it("samples the Schrödinger bridge between Gaussians, in both directions", () =>
    tidy(() => {
      const exact = (Math.sqrt(4 + sigma ** 4) - sigma ** 2) / 2;
      for (const direction of ["f", "b"] as const) {
        const start = direction === "f" ? data.x0 : data.x1;
        const ends = training.sampler.endpoints(direction, start, { generator: seeded(7) });
        const centred = (x: Tensor) => x.sub(x.mean([0]));
        const cov = centred(start).mul(centred(ends)).mean().item();
        expect(Math.abs(cov - exact)).toBeLessThan(0.06);
        expect(Math.abs(ends.mean().item() - (direction === "f" ? 0.5 : -0.5))).toBeLessThan(0.08);
        expect(Math.abs(centred(ends).square().mean().item() - 1)).toBeLessThan(0.12);
      }
    }));

  it("goes on from a saved point with the same bits", async () => {
    const at = name === "fitted" ? { half: 1, step: null } : { half: 2, step: 37 };
    const second = await interrupted(problem, at);
    await train(second);
    expect(state(second)).toEqual(state(training));
  });
});
