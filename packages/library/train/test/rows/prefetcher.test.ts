// Runs begun ahead, during the training on the epoch before, give the same numbers as later runs,
// and leave nothing behind.
import { brownian, methods, stream, uniformGrid } from "@dsbm/bridge";
import { gaussianEndpoints } from "@dsbm/data";
import { ScoreNetwork } from "@dsbm/nets";
import { memory, setNumThreads } from "@dsbm/torch";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { Prefetcher } from "../../src/rows/prefetcher.js";
import { Training } from "../../src/training.js";
import { problemOf, resumedTraining, train, weights } from "../support.js";

/** Half-iterations of 10 steps on epochs of 4 batches: three epochs each, the last one cut. */
const problem = (simulateThreads: number) =>
  problemOf({
    data: gaussianEndpoints({ n: 70, dim: 3, a: 0.1, generator: stream(0, "data") }),
    process: brownian({ sigma: 1 }),
    method: methods.dsbm,
    grid: uniformGrid(5),
    network: (d) => new ScoreNetwork(3, { hidden: [8], generator: stream(0, `network/${d}`) }),
    firstCoupling: "ind",
    halfIterations: 3,
    steps: 10,
    batchSize: 16,
    lr: 1e-2,
    seed: 5,
    chunkRows: 30,
    threads: 1,
    simulateThreads,
  });

/** The weights that a training ends with. */
async function learnedBits(simulateThreads: number) {
  const training = new Training(problem(simulateThreads));
  await train(training);
  const result = weights(training);
  training.dispose();
  return result;
}

/** Ends a training within its second half-iteration. */
async function stopWithin() {
  const training = new Training(problem(2));
  for await (const { type } of training.run({ pauseAt: (at) => at.half === 2 && at.step === 2 }))
    if (type === "pause") break;
  training.dispose();
}

beforeEach(() => setNumThreads(1));

describe("runs ahead", () => {
  it("change no number, and start for every later epoch", async () => {
    const begin = vi.spyOn(Prefetcher.prototype, "startSimulations");
    const alone = await learnedBits(1);
    expect(begin).not.toHaveBeenCalled();
    expect(await learnedBits(2)).toEqual(alone);
    expect(begin).toHaveBeenCalledTimes(4); // two in each half-iteration that simulates
    begin.mockRestore();
  });

  it("resume from a saved state in the middle of an epoch with the same numbers", async () => {
    const whole = await learnedBits(2);
    for (const step of [3, 6, 9]) {
      const second = await resumedTraining(() => problem(2), { half: 2, step });
      await train(second);
      expect(weights(second)).toEqual(whole);
    }
  });

  it("leave no tensor behind, stopped in the middle too", async () => {
    await learnedBits(2);
    await collectGarbage();
    const live = memory().live;
    await learnedBits(2);
    await stopWithin();
    await collectGarbage();
    expect(memory().live).toBe(live);
  });
});
