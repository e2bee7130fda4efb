// The number of steps that training pairs are simulated in, chosen by what pairs show of it.
import { brownian, methods, type Network, uniformGrid } from "@dsbm/bridge";
import { gaussianEndpoints } from "@dsbm/data";
import { nn, type Tensor } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../../test/support/numbers.js";
import type { TrainEvent, Training } from "../../src/index.js";
import { complete } from "../../src/problem.js";
import { Sampler } from "../../src/sampler/sampler.js";
import { measureCacheSteps } from "../../src/tune/cache-steps.js";
import { type Fields, problemOf, tiny, trainingOf } from "../support.js";

/** The drift rate·(c − x), whose steps of Euler–Maruyama are exact for the rate 0 alone. */
class Pull extends nn.Module {
  constructor(readonly rate: number) {
    super();
  }
  forward(x: Tensor): Tensor {
    return x.rsub(1).mul(this.rate);
  }
}

function chosen(rate: number, half = 2, cacheSteps: "auto" | null = "auto"): number {
  const grid = uniformGrid(20);
  const network = () => new Pull(rate) as nn.Module as Network;
  const problem = complete(
    problemOf({
      data: gaussianEndpoints({ n: 3000, dim: 2, a: 0.5, generator: seeded(3) }),
      ...{ process: brownian({ sigma: 1 }), method: methods.dsbm, network, grid, cacheSteps },
      ...{ firstCoupling: "ind", halfIterations: 2, steps: 8, seed: 4 },
    }),
  );
  const networks = { b: network(), f: network() };
  const sampler = new Sampler({ method: methods.dsbm, process: problem.process, networks, grid });
  return measureCacheSteps(problem, half, sampler);
}

describe("simulated pairs", () => {
  it("take the fewest steps tried where these are exact", () => {
    expect(chosen(0)).toBe(3);
  });

  it("take more steps the stiffer the drift is", () => {
    // With 3 and 5 steps the rate 6 overshoots; with 15 the rate 30 swings and grows.
    expect(chosen(6)).toBeGreaterThan(5);
    expect(chosen(30)).toBe(20);
  });

  it("take those of the grid where nothing is simulated, and where it is not asked for", () => {
    expect(chosen(0, 1)).toBe(20);
    expect(chosen(0, 2, null)).toBe(20);
  });
});

const fields: Fields = { cacheSteps: "auto", grid: uniformGrid(8), halfIterations: 3, steps: 12 };

/** Runs to the end, or, where `next` is to go on, to step 5 of the second half-iteration. */
async function run(training: Training, next?: Training): Promise<(number | null)[]> {
  const control = new AbortController();
  const pauseAt = ({ half, step }: { half: number; step: number }) =>
    next !== undefined && half === 2 && step === 5;
  const steps: (number | null)[] = [];
  for await (const event of training.run({ signal: control.signal, pauseAt })) {
    const e = event as TrainEvent;
    if (e.type === "start") steps.push(e.cacheSteps);
    if (e.type === "pause") control.abort();
    if (e.type === "stopped") {
      expect(JSON.parse(JSON.stringify(training.save().facts)).cacheSteps.half).toBe(2);
      next?.restore(training.save());
    }
  }
  return steps;
}

const weights = (training: Training) =>
  [...training.save().tensors.values()].map((t) => [...t.toArray()].map(Number));

describe("a training whose pairs are simulated in as few steps as do", () => {
  it("says how many, and goes on with them, number by number, after a stop", async () => {
    const make = () => trainingOf(tiny(methods.dsbm, fields));
    const [whole, first, second] = [make(), make(), make()];
    const steps = await run(whole);
    expect(steps).toHaveLength(3);
    expect(steps[0]).toBe(8);
    expect(steps[1]).toBeLessThan(8); // fresh networks have small, smooth drifts
    expect(await run(first, second)).toEqual(steps.slice(0, 2));
    expect(await run(second)).toEqual(steps.slice(1));
    expect(weights(second)).toEqual(weights(whole));
  });

  it("has pairs of the grid where it is left out", async () => {
    const plain = trainingOf(tiny(methods.dsbm, { ...fields, cacheSteps: null }));
    expect(await run(plain)).toEqual([null, null, null]);
    expect(plain.save().facts).not.toHaveProperty("cacheSteps");
  });
});
