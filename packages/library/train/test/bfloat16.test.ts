// Networks in bfloat16 stay near float32; closed forms and flows keep their digits.
import { brownian, methodNamed, methods, uniformGrid, withPreconditioning } from "@dsbm/bridge";
import { gaussianEndpoints } from "@dsbm/data";
import { randn, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { distance, generatorOf } from "../../../../test/support/numbers.js";
import { completeProblem } from "../src/complete-problem.js";
import { Sampler } from "../src/sampler/sampler.js";
import { Training } from "../src/training.js";
import {
  type Fields,
  network,
  networkOf,
  problemOf,
  runTraining,
  tinyProblem,
  train,
  trainingOf,
  weights,
} from "./support.js";

const exactBridge = { a: 0.3, sigma: 1 };
const grid = uniformGrid(10);
const problem = (changes: Fields = {}) =>
  problemOf({
    data: gaussianEndpoints({ n: 2000, dim: 3, a: exactBridge.a, generator: generatorOf(3) }),
    ...{ process: brownian({ sigma: exactBridge.sigma }), method: methods.dsbm, grid },
    ...{ network: network(3, 7, 48), firstCoupling: "ind", halfIterations: 2, steps: 200 },
    ...{ batchSize: 128, lr: 3e-3, emaRate: 0.98, emaWarmup: true, seed: 1, threads: 1 },
    ...changes,
  });
let float32Training: Training;
beforeAll(async () => {
  float32Training = new Training(problem());
  await train(float32Training);
});
const samplerOf = (of: Training, dtype: "bfloat16" | "float32", threads = 1) =>
  new Sampler({
    ...{ method: methods.dsbm, process: brownian({ sigma: exactBridge.sigma }), grid, threads },
    ...{ networks: of.state.samplers, dtype },
  });

describe("simulate_dtype", () => {
  it("gives other numbers than float32, the same on one and two threads, and float32 states", () => {
    const ends = (dtype: "bfloat16" | "float32", threads: number) =>
      samplerOf(float32Training, dtype, threads).simulate("f", float32Training.problem.data.x0, {
        generator: generatorOf(1),
      });
    const [long, one, two] = [ends("float32", 1), ends("bfloat16", 1), ends("bfloat16", 2)];
    expect(one.dtype).toBe("float32");
    expect(distance(one, two)).toBe(0);
    expect(distance(one, long)).toBeGreaterThan(1e-5);
    expect(distance(one, long)).toBeLessThan(0.2);
  });

  it("leaves probability flows in float32", () => {
    const x = randn([50, 3], { generator: generatorOf(4) });
    const end = (dtype: "bfloat16" | "float32") =>
      samplerOf(float32Training, dtype).flow("f", x, { solver: "heun", step_size: 0.1 }).states;
    expect(distance(end("bfloat16"), end("float32"))).toBe(0);
  });
});

it("dtype trains networks to weights near float32", async () => {
  const short = await runTraining(problem({ dtype: "bfloat16" }));
  const ends = ({ sampler }: Training) =>
    sampler.simulate("f", float32Training.problem.data.x0, { generator: generatorOf(1) });
  const apart = tidy(() => ends(short).sub(ends(float32Training)).square().mean().item());
  expect(apart).toBeGreaterThan(0);
  expect(apart).toBeLessThan(0.05);
});

const withNetworks = Object.keys(methods)
  .map((name) => methodNamed(name, { gammas: [0.3, 0.2, 0.2, 0.3] }))
  .filter(({ model, plan }) => !model?.fit && !plan);

it.each([...withNetworks, withPreconditioning(methods.dsbm)])(
  "dtype reaches the network within $name",
  async (method) => {
    const [long, short] = await Promise.all(
      (["float32", "bfloat16"] as const).map(async (dtype) => {
        const training = trainingOf(tinyProblem(method, { dtype, steps: 4 }));
        await train(training);
        return weights(training);
      }),
    );
    expect(short).not.toEqual(long);
  },
);

describe("closed forms and plans", () => {
  it.each([methods.gaussian_bridge, methodNamed("lightsb", { components: 3 })])(
    "keep their digits: $name",
    (method) => {
      const both: Fields = { dtype: "bfloat16", simulateDtype: "bfloat16" };
      const { execution } = completeProblem(
        tinyProblem(method, { ...both, network: networkOf(method, 2) }),
      );
      expect([execution.dtype, execution.simulateDtype]).toEqual(["float32", "float32"]);
    },
  );
});
