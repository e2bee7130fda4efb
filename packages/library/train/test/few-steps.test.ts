// A generator that learns from a known bridge draws its endpoints, pairs and conditional laws in one, two and four steps.
import {
  brownian,
  type Direction,
  FittedGaussian,
  methodNamed,
  methods,
  uniformGrid,
} from "@dsbm/bridge";
import { randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { generatorOf } from "../../../../test/support/numbers.js";
import { Training } from "../src/training.js";
import { networkOf, problemOf, runTraining, tinyProblem } from "./support.js";

const rows = 2048;
const draw = (seed: number) => randn([rows, 2], { generator: generatorOf(seed) });
const shear = tensor(
  [
    [1.2, 0.5],
    [0, 0.6],
  ],
  { dtype: "float32" },
);

/** Covariance [d, d] of the columns of x and y [n, d]. */
function covariance(x: Tensor, y: Tensor): number[] {
  const centred = (z: Tensor) => z.to("float64").sub(z.to("float64").mean(0));
  return tidy(() => centred(x).t().mm(centred(y)).div(x.size(0)).toNumbers());
}

/** The largest distance of numbers from others. */
const furthest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number))));

describe("a generator that learns from the bridge between Gaussians", () => {
  let student: Training;
  let exact: { mean: number[][]; own: number[][]; cross: number[]; left: number[][] };
  const starts: Record<Direction, Tensor> = {} as Record<Direction, Tensor>;

  beforeAll(async () => {
    starts.f = tidy(() => draw(1).mul(0.7).sub(1).keep());
    starts.b = tidy(() => draw(2).mm(shear).add(1).keep());
    const base = {
      ...{ data: { x0: starts.f, x1: starts.b }, process: brownian({ sigma: 1 }) },
      ...{ threads: 1, seed: 3, sequence: ["f", "b"] as const, halfIterations: 2 },
    };
    const method = methods.gaussian_bridge;
    const teacher = new Training(
      problemOf({
        ...base,
        method,
        network: networkOf(method, 2),
        grid: uniformGrid(20),
        steps: 1,
      }),
    );
    for await (const _ of teacher.run());
    const few = methodNamed("few_steps", { steps: 4 });
    student = new Training(
      problemOf({
        ...base,
        ...{ method: few, network: networkOf(few, 2, 7, 64), teacher: teacher.sampler },
        ...{ grid: uniformGrid(4), steps: 500, batchSize: 256, lr: 4e-3, lrSchedule: "cosine" },
        ...{ emaRate: 0.99, emaWarmup: true },
      }),
    );
    for await (const _ of student.run());
    const fitted = teacher.state.networks.b as FittedGaussian;
    expect(fitted).toBeInstanceOf(FittedGaussian);
    exact = tidy(() => {
      const [a, b, c] = fitted.covariance.to("float64").unbind() as [Tensor, Tensor, Tensor];
      const inverse = (m: Tensor) => {
        const { 0: values, 1: vectors } = m.linalgEigh();
        return vectors.mul(values.reciprocal()).mm(vectors.t());
      };
      const left = [a.sub(c.mm(inverse(b)).mm(c.t())), b.sub(c.t().mm(inverse(a)).mm(c))];
      return {
        mean: fitted.mean.unbind().map((m) => m.toNumbers()),
        own: [a.toNumbers(), b.toNumbers()],
        cross: c.toNumbers(),
        left: left.map((m) => m.toNumbers()),
      };
    });
    teacher.dispose();
  });

  it.each([1, 2, 4])(
    "keeps mean, covariance, pairs and conditional covariance in %i steps",
    (k) => {
      const grid = uniformGrid(k);
      for (const [end, direction] of [
        [1, "f"],
        [0, "b"],
      ] as const) {
        const start = starts[direction];
        const got = student.sampler.simulate(direction, start, { grid, generator: generatorOf(9) });
        expect(furthest(got.mean(0).toNumbers(), exact.mean[end] as number[])).toBeLessThan(0.12);
        expect(furthest(covariance(got, got), exact.own[end] as number[])).toBeLessThan(0.17);
        const pairs = direction === "f" ? covariance(start, got) : covariance(got, start);
        expect(furthest(pairs, exact.cross)).toBeLessThan(0.08);
        const again = student.sampler.simulate(direction, start, {
          grid,
          generator: generatorOf(10),
        });
        const half = tidy(() => got.sub(again).mul(Math.SQRT1_2));
        expect(furthest(covariance(half, half), exact.left[end] as number[])).toBeLessThan(0.12);
      }
    },
  );
});

describe("a training from another bridge", () => {
  it("needs that bridge", () => {
    const problem = { ...tinyProblem(methods.few_steps()) };
    problem.method = { ...problem.method, teacher: null };
    expect(() => new Training(problem)).toThrow(
      /few_steps learns from the pairs of another bridge/,
    );
  });

  it("follows a teacher without noise to its endpoint, whatever the noise of the draw", async () => {
    const process = brownian({ sigma: 0 });
    const teacher = {
      startSimulation: (_: Direction, x: Tensor) => {
        const end = x.mul(0.5).add(2);
        return { outputs: [end], finish: () => [end], stop() {} };
      },
    };
    const method = methodNamed("few_steps", { steps: 2 });
    const changes = { process, teacher, sequence: ["f"] as const, halfIterations: 1 };
    const network = networkOf(method, 2, 7, 32);
    const training = await runTraining(
      tinyProblem(method, { ...changes, network, steps: 400, lr: 5e-3, lrSchedule: "cosine" }),
    );
    const x = draw(4).narrow(0, 0, 200);
    for (const k of [1, 2]) {
      const end = training.sampler.simulate("f", x, { grid: uniformGrid(k) });
      const error = end.sub(x.mul(0.5).add(2)).square().mean().sqrt().item();
      expect(error).toBeLessThan(0.12);
    }
  });
});
