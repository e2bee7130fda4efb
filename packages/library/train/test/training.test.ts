// The driver: refusals, failures, and stops. The methods' table tests that it trains.
import { methods, minibatchExact, uniformGrid } from "@dsbm/bridge";
import { memory } from "@dsbm/torch";
import { describe, expect, vi } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import { it } from "../../../../test/support/in-scope.js";
import { distance, expectMoments, generatorOf, normal } from "../../../../test/support/numbers.js";
import { completeProblem } from "../src/complete-problem.js";
import type { TrainEvent } from "../src/events.js";
import { directionOf } from "../src/problem.js";
import { drawNoise, drawTimes } from "../src/step/draws.js";
import { StepTimes } from "../src/step/step-times.js";
import { numbersOf, tinyProblem, train, trainingOf } from "./support.js";

const { dsbm } = methods;

it("the directions of half-iterations cycle through the sequence", () => {
  const problem = completeProblem(tinyProblem(dsbm, { sequence: ["b", "f", "f"] }));
  expect([1, 2, 3, 4, 5].map((half) => directionOf(problem, half))).toEqual([..."bffbf"]);
});

describe("Training", () => {
  it("stops at the step whose loss is not finite, with an error that names it", async () => {
    await collectGarbage();
    const training = trainingOf(tinyProblem(dsbm, { lr: 1e30, steps: 50 }));
    const before = memory().live;
    await expect(train(training)).rejects.toMatchObject({
      code: "not_finite",
      message: expect.stringMatching(
        /^the loss became (NaN|Infinity) at step \d+ of half-iteration 1 \(b\); .*smaller learning rate.*$/,
      ),
    });
    expect(memory().live).toBe(before);
  });

  it("stops between two steps when its signal aborts, and can resume", async () => {
    const training = trainingOf(tinyProblem(dsbm, { halfIterations: 3, logEvery: 1, steps: 20 }));
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
      tinyProblem(dsbm, { sequence: ["f"], halfIterations: 1, emaRate: 0.5, lr: 0.01 }),
    );
    const { networks, samplers } = training.state;
    const [f, b] = [networks.f, networks.b].map((network) => numbersOf(network.stateDict()));
    await train(training);
    const trained = numbersOf(networks.f.stateDict());
    const average = numbersOf(samplers.f.stateDict());
    expect(numbersOf(networks.b.stateDict())).toEqual(b);
    expect(trained).not.toEqual(f);
    expect(average).not.toEqual(trained);
    expect(average).toEqual(numbersOf(training.state.emas?.f.stateDict() ?? new Map()));
  });

  it("clips the gradient to the norm that it reports before", async () => {
    const normsOf = async (gradClip: number | null) => {
      const problem = tinyProblem(dsbm, { gradClip, logEvery: 1, halfIterations: 1, steps: 3 });
      const events = await train(trainingOf(problem));
      return events.flatMap((e) => (e.type === "step" ? [e.gradNorm] : []));
    };
    expect(await normsOf(null)).toEqual([null, null, null]);
    const [tight] = await normsOf(1e-3);
    expect(tight).toBeGreaterThan(0.1);
    expect((await normsOf(1e3))[0]).toBe(tight);
  });

  it("has firstSteps steps in the first half-iteration, whose batches alone it pairs again", async () => {
    const coupling = vi.fn(minibatchExact());
    const training = trainingOf(
      tinyProblem(dsbm, { batchCoupling: coupling, firstSteps: 12, steps: 5, logEvery: 100 }),
    );
    const events = await train(training);
    expect(events.flatMap((e) => (e.type === "step" ? [e.step] : []))).toEqual([12, 5]);
    expect(coupling).toHaveBeenCalledTimes(12);
  });
});

describe("the parts of a step", () => {
  const grid = { times: [0, 0.01, 0.1, 0.4, 1], steps: [0.01, 0.09, 0.3, 0.6] };
  it.each([0, 0.5])(
    "spreads times as the steps of a grid, but a share of %d uniformly",
    (uniform) => {
      const u = drawTimes(8000, 0, generatorOf(3), normal([1], 1).to("float32"));
      const spread = new StepTimes(grid, { uniform });
      const t = spread.of(u, 0).toNumbers();
      grid.steps.forEach((length, k) => {
        const from = grid.times[k];
        const inside = t.filter((x) => x >= from && x < from + length);
        const share = uniform * length + (1 - uniform) / 4;
        expect(Math.abs(inside.length - 8000 * share)).toBeLessThanOrEqual(2);
        const below = inside.filter((x) => x < from + length / 2).length / inside.length;
        expect(Math.abs(below - 0.5)).toBeLessThan(2 / Math.sqrt(inside.length));
      });
      expect(Math.max(...spread.of(u, 0.05).toNumbers())).toBeCloseTo(0.95, 6);
      spread.dispose();
      const even = new StepTimes(uniform ? grid : uniformGrid(7), { uniform: 2 * uniform });
      expect(distance(even.of(u, 0), u)).toBeLessThan(1e-6);
      even.dispose();
    },
  );

  it("draws one time in each stratum, and each for two rows whose noise is opposite", () => {
    for (const [n, half] of [
      [8, 4],
      [7, 4],
      [1, 1],
    ]) {
      const t = drawTimes(n, 0, generatorOf(5), normal([1], 1)).toNumbers();
      t.slice(0, half).forEach((x, i) => {
        expect(Math.floor(x * half)).toBe(i);
      });
      expect(t.slice(half)).toEqual(t.slice(0, n - half));
      const z = drawNoise(normal([n, 2, 3], 1), generatorOf(6));
      expect(z.shape).toEqual([n, 2, 3]);
      const pairs = z.narrow(0, half, n - half).add(z.narrow(0, 0, n - half));
      expect(pairs.toNumbers().every((x) => x === 0)).toBe(true);
    }
    expectMoments(drawNoise(normal([4000, 5], 1), generatorOf(6)).narrow(0, 0, 2000), {
      mean: 0,
      var: 1,
    });
  });
});
