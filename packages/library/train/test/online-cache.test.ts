// An online method with rows from caches that the current weights make every few steps: how often,
// and that a stopped run resumes with the same bits though its files are gone.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { methods } from "@dsbm/bridge";
import { expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { resumedTraining, runTraining, tinyProblem, train, weights } from "./support.js";

const folder = scratch();

const problem = (name: string, method = methods.alpha_dsbm) =>
  tinyProblem(method, {
    ...{ sequence: ["b"], steps: 12, emaRate: 0.9 },
    cache: { folder: join(folder, name), npar: 64, batchSize: 32, refreshStride: 5, online: true },
  });

it("training resumes within a cache, with its files or without them", async () => {
  const whole = await runTraining(problem("whole"));
  for (const lost of [false, true]) {
    const second = await resumedTraining(() => problem(`stopped-${lost}`), { half: 2, step: 8 });
    if (lost) rmSync(join(folder, `stopped-${lost}`), { recursive: true });
    await train(second);
    expect(weights(second)).toEqual(weights(whole));
  }
});
