// What a problem is refused for, in one line: a network of another size, data that networks do not take.
import {
  BridgeError,
  brownian,
  type Method,
  methods,
  type ReferenceProcess,
  uniformGrid,
} from "@dsbm/bridge";
import { ScoreNetwork } from "@dsbm/nets";
import { Generator, randn, type Tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { Sampler } from "../src/sampler/sampler.js";
import { Training } from "../src/training.js";

const generator = Generator.create(3);

/** Trains two steps between two tables with a network of `dim` coordinates. */
async function train({
  x0 = randn([40, 2], { generator }),
  dim = 2,
  method = methods.dsbm,
  ...groups
}: {
  x0?: unknown;
  dim?: number;
  method?: unknown;
  schedule?: undefined;
  process?: ReferenceProcess;
}) {
  const training = new Training({
    data: { x0: x0 as Tensor, x1: randn([30, 2], { generator }) },
    process: brownian({ sigma: 1 }),
    method: {
      method: method as Method,
      network: () => new ScoreNetwork(dim),
      firstCoupling: "ind",
    },
    schedule: { grid: uniformGrid(3), halfIterations: 1, steps: 2 },
    optimisation: { batchSize: 8 },
    ...(groups as object),
  });
  for await (const event of training.run()) void event;
}

describe("a training refuses in one line", () => {
  it.each([
    [{ dim: 3 }, /^the network of direction b does not fit samples of shape \[2\]: .*; build it/],
    [{ x0: [[1, 2]] }, /^data: x0 is an array; expected a tensor \[n, …\], such as tensor\(rows\)/],
    [{ method: "sf2m" }, /^method\.method is "sf2m"; write methods\.sf2m/],
    [{ method: methods.lightsb }, /^method\.method is a function of numbers; call it/],
    [{ method: methods.sf2m }, /^sf2m trains a model of its own, FlowAndScore; write network: /],
    [{ schedule: undefined }, /^schedule is undefined; a problem has data, process/],
    [{ x0: null }, /^data: x0 is null; expected a tensor/],
    [{ x0: new Float32Array(4) }, /^data: x0 is a Float32Array; expected a tensor/],
    [
      { x0: randn([40, 2], { dtype: "float64" }) },
      /^data\.x0 is float64.*x0\.to\(\{ dtype: "float32" \}\)/,
    ],
    [{ process: brownian({ sigma: 0 }) }, /^process\.sigma is 0, and dsbm learns .*rectifiedflow/],
  ])("%#", async (problem, message) => {
    const error = await train(problem).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BridgeError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("\n");
  });

  it("and takes what fits", async () => {
    await expect(train({})).resolves.toBeUndefined();
    const process = brownian({ sigma: 0 }); // the noise that a flow does without
    await expect(train({ method: methods.rectifiedflow, process })).resolves.toBeUndefined();
  });
});

it("generators may be left out", () => {
  const network = new ScoreNetwork(2);
  const sampler = new Sampler({
    method: methods.dsbm,
    process: brownian({ sigma: 1 }),
    networks: { b: network, f: network },
    grid: uniformGrid(3),
  });
  tidy(() => expect(sampler.endpoints("f", randn([5, 2])).shape).toEqual([5, 2]));
  expect(Generator.create().initialSeed).toBe(67_280_421_310_721n); // that of torch.Generator()
});
