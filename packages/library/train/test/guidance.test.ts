// Guidance through the driver and the recorded sampler: a network trained with condition dropout
// gives both drifts, and guided samples lie beyond plain samples.
import { ConditionDropout, methods, uniformGrid } from "@dsbm/bridge";
import { createNetwork } from "@dsbm/nets";
import { arange, type Tensor } from "@dsbm/torch";
import { expect, it } from "vitest";
import { distance, generatorOf, normal } from "../../../../test/support/numbers.js";
import { runTraining, sampleInParts, tinyProblem } from "./support.js";

const n = 512;

/** From N(0, 0.2²) to N(±1, 0.2²), the sign being the condition. */
function problem() {
  const cond = arange(0, n, { dtype: "float32" }).remainder(2).mul(2).sub(1).unsqueeze(1);
  const near = (seed: number) => normal([n, 1], seed).to("float32").mul(0.2);
  const x1 = near(2).add(cond);
  const network = () =>
    new ConditionDropout(
      createNetwork({
        model: { name: "MLP", hidden: [32, 32] },
        shape: [1],
        cond_channels: 2,
        direction: "f",
        generator: generatorOf(3),
      }),
      { rate: 0.3, classes: 0 },
    );
  return tinyProblem(methods.dsbm, {
    data: { x0: near(1), x1, conditions: { x0: { cond }, x1: { cond } } },
    network,
    firstPass: 2,
    steps: 250,
    batchSize: 128,
    lr: 5e-3,
    grid: uniformGrid(10),
    chunkRows: 100,
    matchConditions: true,
  });
}

it("guidance moves samples beyond their class, and no condition puts them between the classes", async () => {
  const training = await runTraining(problem());
  const { x0, conditions } = training.problem.data;
  const start = conditions?.x0;
  const ends = async (guidance?: number, solver: "sde" | "heun" = "sde") => {
    const options = { conditions: start, seed: 4, solver, guidance, lastNoise: false };
    const { states, evaluations } = await sampleInParts(training.sampler, x0, options);
    return { x: states[0], evaluations: evaluations[0] as number };
  };
  const plain = await ends();
  const twice = await ends(2);
  const mean = ({ x }: { x: Tensor }) =>
    x
      .mul(start?.cond as Tensor)
      .mean()
      .item();
  expect(distance(plain.x, (await ends(1)).x)).toBe(0);
  expect(Math.abs(mean(plain) - 1)).toBeLessThan(0.2);
  expect(Math.abs(mean(await ends(0)))).toBeLessThan(0.5);
  // On its way a sample shows its class, and both drifts agree. Of the mean the standard error is 0.01.
  expect(mean(twice)).toBeGreaterThan(mean(plain) + 0.05);
  expect(mean(await ends(2, "heun"))).toBeGreaterThan(mean(await ends(1, "heun")) + 0.03);
  expect(twice.evaluations).toBe(2 * plain.evaluations);
});
