// Half-iterations whose number of steps is changed while they run, and the warm-up of the learning rate.
import { brownian, methodNamed, stream, uniformGrid } from "@dsbm/bridge";
import { ScoreNetwork } from "@dsbm/nets";
import { randn } from "@dsbm/torch";
import { expect, test } from "vitest";
import type { Training } from "../src/index.js";
import { trainingOf } from "./support.js";

const generator = stream(3, "planned");
const [x0, x1] = [randn([64, 2], { generator }), randn([64, 2], { generator })].map((t) =>
  t.keep(),
);

const makeTraining = () =>
  trainingOf({
    data: { x0, x1 },
    process: brownian({ sigma: 0.5 }),
    method: {
      method: methodNamed("dsbm"),
      network: (direction) =>
        new ScoreNetwork(2, { hidden: [8], generator: stream(1, `init/${direction}`) }),
      firstCoupling: "ind",
    },
    schedule: { grid: uniformGrid(4), halfIterations: 3, steps: 40, firstPass: 2 },
    optimisation: { batchSize: 16, lr: 1e-2, lrSchedule: "cosine", lrWarmup: 5 },
    execution: { threads: 1, logEvery: 1 },
    seed: 7,
  });

const weights = (training: Training) =>
  [...training.save().tensors].map(([, t]) => [...t.toNumbers()].flat());

/**
 * Runs to the end; shortens the second half-iteration at its step 10, a possible stop, for `next`
 * to resume.
 */
async function run(training: Training, { next }: { next?: Training } = {}) {
  const control = new AbortController();
  const pauseAt = ({ half, step }: { half: number; step: number }) => half === 2 && step === 10;
  const losses: number[] = [];
  for await (const event of training.run({ signal: control.signal, pauseAt })) {
    if (event.type === "step") losses.push(event.loss);
    if (event.type === "pause") {
      training.setSteps(2, 25);
      training.setSteps(3, 12);
      if (next) control.abort();
    }
    if (event.type === "stopped") next?.restore(training.save());
  }
  return losses;
}

test("the steps of a half-iteration in progress and of the next one can be changed", async () => {
  const training = makeTraining();
  const losses = await run(training);
  expect(losses).toHaveLength(40 + 25 + 12);
  expect([1, 2, 3].map((half) => training.stepsOf(half))).toEqual([40, 25, 12]);
});

test("a run that stops after the change resumes with it, number by number", async () => {
  const [whole, first, second] = [makeTraining(), makeTraining(), makeTraining()];
  const losses = await run(whole);
  const before = await run(first, { next: second });
  const after = await run(second);
  expect([...before, ...after]).toEqual(losses);
  expect(weights(second)).toEqual(weights(whole));
});
