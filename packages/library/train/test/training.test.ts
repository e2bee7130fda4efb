// The driver: what it refuses, how it fails, and how it is stopped. That it trains is the methods' table.

import {
  BridgeError,
  hash32,
  methods,
  minibatchExact,
  type Pairs,
  uniformGrid,
} from "@dsbm/bridge";
import { liveTensors, tensor } from "@dsbm/torch";
import { beforeEach, describe, expect } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import { it } from "../../../../test/support/in-scope.js";
import { distance, expectMoments, normal, seeded } from "../../../../test/support/numbers.js";
import type { TrainEvent } from "../src/events.js";
import { complete, directionOf } from "../src/problem.js";
import { drawNoise, drawTimes } from "../src/step/draws.js";
import { StepTimes } from "../src/step/time-sampling.js";
import { regressionLoss } from "../src/step/training-step.js";
import { numbersOf, tiny, train, trainingOf } from "./support.js";

// Live tensors are counted.
beforeEach(collectGarbage);

const data = (rows: [number, number], shape = [2]) => ({
  x0: normal([rows[0], ...shape], 1).to("float32"),
  x1: normal([rows[1], ...shape], 2).to("float32"),
});
const { dsb_increments: dsb, dsbm } = methods;

describe("complete", () => {
  it("takes ends of different lengths, and DSB's single half-iteration in one direction", () => {
    expect(complete(tiny(dsbm, { data: data([40, 90]) })).optimisation.batchSize).toBe(32);
    const single = complete(tiny(dsb, { sequence: ["b"], halfIterations: 1 }));
    expect(single.schedule.sequence).toEqual(["b"]);
  });

  it("cycles through the sequence", () => {
    const order = [1, 2, 3, 4, 5].map((half) =>
      directionOf(complete(tiny(dsbm, { sequence: ["b", "f", "f"] })), half),
    );
    expect(order).toEqual(["b", "f", "f", "b", "f"]);
  });
});

describe("Training", () => {
  it("refuses a learning rate that is no number before the first step", async () => {
    const training = trainingOf(tiny(dsbm, { lr: Number.NaN }));
    await expect(train(training)).rejects.toThrow(/learning rate is NaN/);
    expect(training.state.half).toBe(0);
  });

  it("stops at the step whose loss is not finite, with an error that names it", async () => {
    const training = trainingOf(tiny(dsbm, { lr: 1e30, steps: 50 }));
    const before = liveTensors();
    const failure = await train(training).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BridgeError);
    const { code, message } = failure as BridgeError;
    expect(code).toBe("not_finite");
    expect(message).toMatch(
      /^the loss became (NaN|Infinity) at step \d+ of half-iteration 1 \(b\); .*smaller learning rate/,
    );
    expect(message).not.toContain("\n");
    expect(liveTensors()).toBe(before);
  });

  it("stops at a step boundary when its signal is aborted, and can go on", async () => {
    const training = trainingOf(tiny(dsbm, { halfIterations: 3, logEvery: 1, steps: 20 }));
    const controller = new AbortController();
    const seen: TrainEvent[] = [];
    for await (const event of training.run({ signal: controller.signal })) {
      seen.push(event);
      if (event.type === "step" && event.half === 2 && event.step === 7) controller.abort();
    }
    expect(seen.at(-1)?.type).toBe("stopped");
    expect(seen.filter((e) => e.type === "step" && e.half === 2)).toHaveLength(7);
    expect(training.state.half).toBe(1);
    const more = await train(training);
    expect(more[0]).toMatchObject({ type: "start", half: 2 });
    expect(training.state.half).toBe(3);
  });

  it("trains the direction of the sequence only, and samples from the average", async () => {
    const training = trainingOf(
      tiny(dsbm, { sequence: ["f"], halfIterations: 1, emaRate: 0.5, lr: 0.01 }),
    );
    const flat = (which: "networks" | "samplers", d: "f" | "b") =>
      numbersOf(training.state[which][d].stateDict());
    const before = { f: flat("networks", "f"), b: flat("networks", "b") };
    await train(training);
    expect(flat("networks", "b")).toEqual(before.b);
    expect(flat("networks", "f")).not.toEqual(before.f);
    expect(flat("samplers", "f")).not.toEqual(flat("networks", "f"));
    expect(flat("samplers", "f")).toEqual(
      numbersOf(training.state.emas?.f.stateDict() ?? new Map()),
    );
  });

  it("clips the gradient to the norm that it reports before", async () => {
    const run = async (gradClip: number | null) => {
      const training = trainingOf(
        tiny(dsbm, { gradClip, logEvery: 1, halfIterations: 1, steps: 3 }),
      );
      const norms = (await train(training)).flatMap((e) => (e.type === "step" ? [e.gradNorm] : []));
      return norms;
    };
    expect(await run(null)).toEqual([null, null, null]);
    const [tight, loose] = [await run(1e-3), await run(1e3)];
    expect(tight[0]).toBe(loose[0]);
    expect(tight[0]).toBeGreaterThan(0.1);
  });

  it("has firstSteps steps in the first half-iteration", async () => {
    const training = trainingOf(tiny(dsbm, { firstSteps: 12, steps: 5, logEvery: 100 }));
    const last = (await train(training)).flatMap((e) => (e.type === "step" ? [e.step] : []));
    expect(last).toEqual([12, 5]);
  });

  it("pairs batches anew in the first half-iteration only", async () => {
    const exact = minibatchExact();
    let calls = 0;
    const batchCoupling = (batch: Pairs, generator: Parameters<typeof exact>[1]) => {
      calls += 1;
      return exact(batch, generator);
    };
    const training = trainingOf(tiny(dsbm, { batchCoupling, steps: 6 }));
    await train(training);
    expect(calls).toBe(6);
  });
});

describe("the parts of a step", () => {
  const grid = { times: [0, 0.01, 0.1, 0.4, 1], steps: [0.01, 0.09, 0.3, 0.6] };
  it("spreads times as the steps of a grid, as many in a short one as in a long one", () => {
    const spread = new StepTimes(grid);
    const u = drawTimes(8000, 0, seeded(3), normal([1], 1).to("float32"));
    const t = spread.of(u, 1e-4).toNumbers();
    grid.steps.forEach((length, k) => {
      const inside = t.filter(
        (x) => x >= (grid.times[k] as number) && x < (grid.times[k + 1] as number),
      );
      expect(Math.abs(inside.length - 2000)).toBeLessThanOrEqual(2);
      const middle = (grid.times[k] as number) + length / 2;
      const mean = inside.reduce((a, b) => a + b, 0) / inside.length;
      expect(Math.abs(mean - middle)).toBeLessThan((5 * length) / Math.sqrt(12 * 2000));
    });
    const ends = spread.of(tensor([0, 0.5, 1], { dtype: "float32" }), 0.05).toNumbers();
    [0.05, 0.1, 0.95].forEach((want, i) => {
      expect(ends[i]).toBeCloseTo(want, 6);
    });
    spread.dispose();
    const even = new StepTimes(uniformGrid(7));
    const same = even.of(u, 0);
    expect(distance(same, u)).toBeLessThan(1e-6);
    even.dispose();
  });

  it("keeps a share of them uniform", () => {
    const u = drawTimes(8000, 0, seeded(3), normal([1], 1).to("float32"));
    const times = (uniform: number, eps = 0) => {
      const spread = new StepTimes(grid, { uniform });
      const t = spread.of(u, eps);
      spread.dispose();
      return t.toNumbers();
    };
    grid.steps.forEach((length, k) => {
      const [from, to] = [grid.times[k] as number, grid.times[k + 1] as number];
      const middle = from + length / 2;
      const inside = times(0.5).filter((x) => x >= from && x < to);
      const share = (length + 1 / 4) / 2;
      expect(Math.abs(inside.length - 8000 * share)).toBeLessThanOrEqual(2);
      const below = inside.filter((x) => x < middle).length / inside.length;
      expect(Math.abs(below - 0.5)).toBeLessThan(2 / Math.sqrt(inside.length));
    });
    expect(distance(tensor(times(1)), u)).toBeLessThan(1e-6);
    expect(Math.max(...times(0.5, 0.05))).toBeCloseTo(0.95, 6);
    const before = liveTensors();
    new StepTimes(grid).dispose();
    expect(liveTensors()).toBe(before);
  });

  it("draws one time in each stratum, and each for two rows whose noise is opposite", () => {
    for (const [n, half] of [
      [8, 4],
      [7, 4],
      [1, 1],
    ] as const) {
      const t = drawTimes(n, 0, seeded(5), normal([1], 1)).toNumbers();
      t.slice(0, half).forEach((x, i) => {
        expect(Math.floor(x * half)).toBe(i);
      });
      expect(t.slice(half)).toEqual(t.slice(0, n - half));
      const z = drawNoise(normal([n, 2, 3], 1), seeded(6));
      expect(z.shape).toEqual([n, 2, 3]);
      const pairs = z.narrow(0, half, n - half).add(z.narrow(0, 0, n - half));
      expect(pairs.toNumbers().every((x) => x === 0)).toBe(true);
    }
    expectMoments(drawNoise(normal([4000, 5], 1), seeded(6)).narrow(0, 0, 2000), {
      mean: 0,
      var: 1,
    });
  });

  it("sums the squared error over everything but the batch", () => {
    const a = tensor([1, 2, 3, 4]).reshape([2, 2, 1]);
    const loss = regressionLoss(a, a.add(tensor([1, 2, 0, 3]).reshape([2, 2, 1])));
    expect(loss.item()).toBeCloseTo((1 + 4 + 9) / 2, 6);
  });
});

describe("stream", () => {
  it("hashes close names far apart, into 32 bits", () => {
    const all = Array.from({ length: 2000 }, (_, i) => hash32(`42/train/${i}`));
    expect(new Set(all).size).toBe(2000);
    const high = all.filter((h) => h >= 2 ** 31).length;
    expect(Math.abs(high - 1000)).toBeLessThan(5 * Math.sqrt(500));
    for (const h of all) expect(Number.isInteger(h) && h >= 0 && h < 2 ** 32).toBe(true);
  });
});
