// Steps of a flow between Gaussians, whose mean velocities and transport are known.
import { type Method, methods, uniformGrid, withShortcut } from "@dsbm/bridge";
import { arange, nn, randn, type Tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../test/support/in-scope.js";
import { generatorOf } from "../../../../test/support/numbers.js";
import type { Training } from "../src/training.js";
import { networkOf, tinyProblem, train, trainingOf } from "./support.js";

const variance = 4;
const shortcut = withShortcut(methods.rectifiedflow);
const normal = (seed: number, n: number) => randn([n, 1], { generator: generatorOf(seed) });

/** The variance of points between independent pairs of N(0, 1) and N(0, 4). */
const varianceAt = (t: Tensor) => t.rsub(1).square().add(t.square().mul(variance));

/** The exact mean velocity over a step from x [n, 1] at times [n]: x (√(g(t + d)/g(t)) − 1)/d. */
const exactMean = (x: Tensor, t: Tensor, step: Tensor): Tensor =>
  x.mul(varianceAt(t.add(step)).div(varianceAt(t)).sqrt().sub(1).div(step).unsqueeze(1));

class ExactSteps extends nn.Module {
  forward(x: Tensor, t: Tensor, { step }: { step?: Tensor } = {}): Tensor {
    return exactMean(x, t, step!);
  }
}

it("has the exact mean velocity of a whole step as the mean of its halves, in both directions", () => {
  const n = 64;
  const { process } = tinyProblem(shortcut);
  const [x0, x1] = [normal(1, n).to("float64"), normal(2, n).to("float64").mul(2)] as const;
  const t = normal(3, n).to("float64").sigmoid().flatten();
  const rows = arange(0, n, { dtype: "int64" });
  const got = shortcut.regression!(
    { x0, x1 },
    {
      ...{ direction: "b", process, meanMatch: false, t, network: new ExactSteps() },
      noise: (like) => like.zerosLike(),
      drawEvery: () => ({ rows, numbers: normal(4, n).to("float64").flatten() }),
    },
  );
  const step = got.step!;
  expect(
    got.target
      .sub(exactMean(got.x, got.t, step))
      .abs()
      .max()
      .item(),
  ).toBeLessThan(1e-9);
  const ends = [...got.t.toNumbers(), ...got.t.add(step).toNumbers()];
  expect(Math.min(...ends)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...ends)).toBeLessThanOrEqual(1);
  expect(new Set(step.sign().toNumbers())).toEqual(new Set([-1, 1]));
});

describe("a flow from independent pairs of Gaussians", () => {
  const fit = async (method: Method): Promise<Training> => {
    const [x0, x1] = [normal(5, 2048), normal(6, 2048).mul(2).add(2)];
    const training = trainingOf(
      tinyProblem(method, {
        ...{
          data: { x0, x1 },
          sequence: ["b"],
          halfIterations: 1,
          network: networkOf(method, 1, 7, 64),
        },
        ...{
          steps: 700,
          batchSize: 256,
          lr: 5e-3,
          lrSchedule: "cosine",
          emaRate: 0.99,
          emaWarmup: true,
        },
      }),
    );
    await train(training);
    return training;
  };
  const starts = { f: normal(8, 500), b: normal(9, 500).mul(2).add(2) };
  /** The root mean squared distance from optimal transport, x → 2x + 2, in k steps. */
  const distance = ({ sampler }: Training, direction: "f" | "b", k: number): number => {
    const x = starts[direction];
    const end = sampler.simulate(direction, x, { grid: uniformGrid(k) });
    const exact = direction === "f" ? x.mul(2).add(2) : x.sub(2).div(2);
    return end.sub(exact).square().mean().sqrt().item();
  };

  it("has optimal transport in one, two, three and four steps by shortcuts, and its mean without them", async () => {
    const [short, plain] = [await fit(shortcut), await fit(methods.rectifiedflow)];
    for (const direction of ["f", "b"] as const) {
      for (const k of [1, 2, 3, 4]) expect(distance(short, direction, k)).toBeLessThan(0.35);
      expect(distance(plain, direction, 1)).toBeGreaterThan(0.7);
    }
  });
});
