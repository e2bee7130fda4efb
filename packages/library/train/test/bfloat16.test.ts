// Networks in bfloat16: their simulations and training stay within the spread of seeds; closed
// forms and flows keep their digits.
import { brownian, gaussianKL, methodNamed, methods, uniformGrid } from "@dsbm/bridge";
import { gaussianEndpoints } from "@dsbm/data";
import { randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { distance, seeded, summary } from "../../../../test/support/numbers.js";
import { complete } from "../src/problem.js";
import { Sampler } from "../src/sampler/sampler.js";
import { Training } from "../src/training.js";
import { type Fields, network, networkOf, problemOf, tiny, train, trained } from "./support.js";

const exact = { a: 0.3, sigma: 1 };
const grid = uniformGrid(10);
const problem = (changes: Fields = {}) =>
  problemOf({
    data: gaussianEndpoints({ n: 2000, dim: 3, a: exact.a, generator: seeded(3) }),
    ...{ process: brownian({ sigma: exact.sigma }), method: methods.dsbm, grid },
    ...{ network: network(3, 7, 48), firstCoupling: "ind", halfIterations: 2, steps: 200 },
    ...{ batchSize: 128, lr: 3e-3, emaRate: 0.98, emaWarmup: true, seed: 1, threads: 1 },
    ...changes,
  });
/** Mean over the grid of the marginals' divergence from the exact bridge's, and the ends' squared 2-Wasserstein distance. */
function divergences({ sampler }: Pick<Training, "sampler">, seed: number) {
  return tidy(() => {
    const x = randn([4000, 3], { generator: seeded(100 + seed) }).sub(exact.a);
    const states = sampler.path("f", x, { generator: seeded(200 + seed) });
    const kls = Array.from({ length: 11 }, (_, k) =>
      gaussianKL(states.select(0, k), exact, k / 10),
    );
    const ends = states.select(0, 10).to("float64");
    const [mean, std] = [ends.mean(0).sub(exact.a), ends.std({ dim: [0] }).sub(1)];
    return {
      kl: kls.reduce((sum, { diag }) => sum + diag / 11, 0),
      w2: mean.square().sum().add(std.square().sum()).item(),
    };
  });
}
/** Within three standard deviations of the values of seeds from their mean. */
function expectWithin(value: number, seeds: readonly number[]): void {
  const { mean, var: variance } = summary(tensor([...seeds]));
  expect(Math.abs(value - mean)).toBeLessThan(3 * Math.sqrt(variance));
}

let plain: Training;
beforeAll(async () => {
  plain = new Training(problem());
  await train(plain);
});
const samplerOf = (of: Training, dtype: "bfloat16" | null, threads = 1) =>
  new Sampler({
    ...{ method: methods.dsbm, process: brownian({ sigma: exact.sigma }), grid, threads },
    ...{ networks: of.state.samplers, dtype },
  });

describe("simulate_dtype", () => {
  it("gives other numbers than float32, the same on one and two threads, and float32 states", () => {
    const ends = (dtype: "bfloat16" | null, threads: number): Tensor =>
      samplerOf(plain, dtype, threads).endpoints("f", plain.problem.data.x0, {
        generator: seeded(1),
      });
    const [long, one, two] = [ends(null, 1), ends("bfloat16", 1), ends("bfloat16", 2)];
    expect(one.dtype).toBe("float32");
    expect(distance(one, two)).toBe(0);
    expect(distance(one, long)).toBeGreaterThan(1e-5);
    expect(distance(one, long)).toBeLessThan(0.2);
  });

  it("leaves probability flows in float32", () => {
    const x = randn([50, 3], { generator: seeded(4) });
    const end = (dtype: "bfloat16" | null) =>
      samplerOf(plain, dtype).follow("f", x, { solver: "heun", step_size: 0.1 }).states;
    expect(distance(end("bfloat16"), end(null))).toBe(0);
  });
});

describe("dtype", () => {
  it("KL and W2 of a training stay within the spread of seeds", async () => {
    const learned = async (changes: Fields) => divergences(await trained(problem(changes)), 1);
    const seeds = [divergences(plain, 1)];
    for (const seed of [2, 3, 4]) seeds.push(await learned({ seed }));
    const short = await learned({ dtype: "bfloat16", simulateDtype: "bfloat16" });
    for (const what of ["kl", "w2"] as const)
      expectWithin(
        short[what],
        seeds.map((long) => long[what]),
      );
  });
});

describe("closed forms and plans", () => {
  it.each([methods.gaussian_bridge, methodNamed("lightsb", { components: 3 })])(
    "keep their digits: $name",
    (method) => {
      const both: Fields = { dtype: "bfloat16", simulateDtype: "bfloat16" };
      const { execution } = complete(tiny(method, { ...both, network: networkOf(method, 2) }));
      expect([execution.dtype, execution.simulateDtype]).toEqual(["float32", "float32"]);
    },
  );
});
