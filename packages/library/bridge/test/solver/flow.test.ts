// One table over all solvers of flows: order and evaluations, in both directions of time, and mistakes are errors.
import {
  backward,
  full,
  noGrad,
  recorded,
  setNumThreads,
  type Tensor,
  tensor,
  tidy,
} from "@dsbm/torch";
import { beforeAll, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal } from "../../../../../test/support/numbers.js";
import { uniformGrid } from "../../src/core/time-grid.js";
import { rectifiedflow } from "../../src/method/rectified-flow.js";
import { sample } from "../../src/method/sample.js";
import { brownian } from "../../src/process/brownian.js";
import { fixedGrid } from "../../src/solver/fixed-grid.js";
import { flowSolvers, solveFlow } from "../../src/solver/index.js";
import type { Field } from "../../src/solver/solver.js";
import { FieldNetwork, oscillating, oscillation } from "../support.js";

beforeAll(() => setNumThreads(1));

type Name = keyof typeof flowSolvers;
const names = Object.keys(flowSolvers) as Name[];
/** Order, and evaluations a step. */
const fixed = { heun: { order: 2, evaluations: 2 }, euler: { order: 1, evaluations: 1 } };

const start = () => tensor([[1], [-2], [0.5]], { dtype: "float64" });

/** Largest relative error over all states at `times`. */
function worst(times: number[], options: Partial<Parameters<typeof solveFlow>[2]>): number {
  return tidy(() => {
    const { states } = solveFlow(oscillating, start(), { times, ...options });
    const want = times.map((t) => oscillation(times[0] as number, t));
    const ratio = states.div(start()).flatten({ startDim: 1 });
    return distance(ratio, tensor(want, { dtype: "float64" }).unsqueeze(1).expand([-1, 3]));
  });
}

const uneven = [0, 0.13, 0.5, 0.77, 1];
const ways = [
  ["forward", uneven],
  ["backward", uneven.map((t) => 1 - t)],
] as const;

describe.each(ways)("%s in time", (_way, times) => {
  it.each(["heun", "euler"] as const)("%s has its order at times off its grid too", (solver) => {
    const { order } = fixed[solver];
    const errors = [16, 32, 64, 128].map((n) => worst([...times], { solver, step_size: 1 / n }));
    for (const [i, e] of errors.slice(1).entries())
      expect(Math.abs(Math.log2((errors[i] as number) / e) - order)).toBeLessThan(0.25);
  });

  it("dopri5's error goes with its tolerance", () => {
    for (const tol of [1e-4, 1e-6, 1e-8, 1e-10])
      expect(worst([...times], { rtol: tol, atol: tol })).toBeLessThan(30 * tol);
    expect(worst([...times], { rtol: 1e-4, atol: 1e-4 })).toBeGreaterThan(1e-7);
  });

  it.each(names)("%s comes back to the start", (solver) => {
    const x = normal([4, 2, 3], 5);
    const field: Field = (y, t) => y.tanh().mul(t.reshape([-1, 1, 1]).add(1));
    const options = { solver, rtol: 1e-9, atol: 1e-9, step_size: 1e-3 };
    const there = solveFlow(field, x, { times: [...times], ...options }).states;
    const end = there.select(0, -1);
    expect(distance(end, x)).toBeGreaterThan(0.1);
    const back = solveFlow(field, end, { times: times.toReversed(), ...options }).states;
    expect(distance(back.flip([0]), there)).toBeLessThan(
      { dopri5: 1e-7, heun: 1e-5, euler: 2e-2 }[solver],
    );
  });
});

describe.each(names)("%s", (solver) => {
  it("counts the evaluations that its steps need", () => {
    let calls = 0;
    const field: Field = (x, t) => {
      calls++;
      expect([t.shape, t.dtype]).toEqual([[3], "float64"]);
      return oscillating(x, t);
    };
    const { nfe } = tidy(() =>
      solveFlow(field, start(), { times: [0, 1], solver, step_size: 0.1 }),
    );
    expect(nfe).toBe(calls);
    // Adaptive solvers evaluate at the start and once more for the first step.
    if (solver === "dopri5") expect((nfe - 2) % 6).toBe(0);
    else expect(nfe).toBe(10 * fixed[solver].evaluations);
  });

  it("gives the start first, and it alone where it is the only time", () => {
    const x = start();
    const { states } = solveFlow(oscillating, x, { times: [0.2, 0.4], solver });
    expect(states.shape).toEqual([2, 3, 1]);
    expect(distance(states.select(0, 0), x)).toBe(0);
    const alone = solveFlow(oscillating, x, { times: [0.2], solver });
    expect([alone.states.shape, alone.nfe]).toEqual([[1, 3, 1], 0]);
  });

  it("takes recorded fields", () =>
    noGrad(() => {
      const times = [1, 0.5, 0];
      const program = recorded(oscillating);
      const plain = solveFlow(oscillating, start(), { times, solver });
      const replayed = solveFlow((x, t) => program(x, t)[0] as Tensor, start(), {
        times,
        solver,
      });
      expect(replayed.nfe).toBe(plain.nfe);
      expect(distance(replayed.states, plain.states)).toBe(0);
    }));

  it("lets gradients through", () => {
    // x(1) = x(0)·e^a: d x(1)/da = x(1).
    const a = full([], 0.3, { dtype: "float64" }).requiresGrad_();
    const { states } = solveFlow((x) => x.mul(a), full([1, 1], 2, { dtype: "float64" }), {
      times: [0, 1],
      solver,
      rtol: 1e-9,
      atol: 1e-9,
      step_size: 1e-3,
    });
    backward([states.select(0, -1).sum()]);
    const want = 2 * Math.exp(0.3);
    expect(Math.abs((a.grad as Tensor).item() / want - 1)).toBeLessThan(
      solver === "euler" ? 1e-3 : 1e-6,
    );
  });

  it("refuses a field that is NaN from some time on", () => {
    const broken: Field = (x, t) => x.mul(t.rsub(0.5).sqrt().unsqueeze(1));
    expect(() => tidy(() => solveFlow(broken, start(), { times: [0, 1], solver }))).toThrow(
      solver === "dopri5"
        ? /^the field is NaN or infinite at time 0\.(4|5)\d* and just after; check/
        : /left the finite numbers between the times 0 and 1; check/,
    );
  });

  it("refuses a field of another shape", () => {
    const wide: Field = (x) => x.expand([3, 2]);
    expect(() => tidy(() => solveFlow(wide, start(), { times: [0, 1], solver }))).toThrow(
      "the field gave [3,2] for points of [3,1]; expected the same shape",
    );
  });
});

it.each(["f", "b"] as const)("euler takes the steps of a velocity's sampler (%s)", (direction) => {
  const network = new FieldNetwork(oscillating);
  const times = direction === "f" ? [0, 0.5, 1] : [1, 0.5, 0];
  const flow = solveFlow(oscillating, start(), { times, solver: "euler", step_size: 0.125 });
  const process = brownian({ sigma: 1 });
  const dynamics = { method: rectifiedflow, process, networks: { [direction]: network } };
  const end = sample(dynamics, start(), { direction, grid: uniformGrid(8) });
  expect(distance(flow.states.select(0, 2), end)).toBeLessThan(1e-14);
});

it("euler is linear between its steps", () => {
  const times = [0, 0.25, 0.33, 0.375, 1];
  const flow = solveFlow(oscillating, start(), { times, solver: "euler", step_size: 0.125 });
  const [, a, between, b] = flow.states.select(2, 0).select(1, 0).toNumbers() as [
    number,
    number,
    number,
    number,
  ];
  const share = (0.33 - 0.25) / 0.125;
  expect(between).toBeCloseTo((1 - share) * a + share * b, 13);
});

it("the grid ends at the last time, with a short step where it must", () => {
  expect(fixedGrid(0, 1, 0.4)).toEqual([0, 0.4, 0.8, 1]);
  expect(fixedGrid(1, 0, 0.5)).toEqual([1, 0.5, 0]);
  expect(fixedGrid(0, 0.3, 0.1)).toHaveLength(4);
  expect(fixedGrid(1, 0, 0.01)).toHaveLength(101);
  expect(fixedGrid(0, 1, 5)).toEqual([0, 1]);
});

describe("mistakes", () => {
  const options = { times: [0, 1] };
  const run = (changes: object) => () =>
    tidy(() => solveFlow(oscillating, start(), { ...options, ...changes }));
  it.each([
    [{ solver: "rk4" }, 'solver is "rk4"; expected one of dopri5, heun, euler'],
    [{ solver: "toString" }, 'solver is "toString"; expected one of dopri5, heun, euler'],
    [{ times: [] }, "times are []; expected finite numbers that only grow or only fall"],
    [{ times: [0, 1, 1] }, "times are [0,1,1]; expected finite numbers"],
    [{ times: [0, 0] }, "times are [0,0]; expected finite numbers"],
    [{ times: [0, 1, 0.5] }, "times are [0,1,0.5]; expected finite numbers"],
    [{ times: [0, Number.NaN] }, "times are [0,NaN]; expected finite numbers"],
    [{ rtol: 0 }, "rtol is 0; expected a positive number"],
    [{ atol: -1 }, "atol is -1; expected a positive number"],
    [{ step_size: Number.NaN }, "step_size is NaN; expected a positive number"],
    [{ first_step: 0 }, "first_step is 0; expected a positive number"],
  ])("%j", (changes, message) => {
    expect(run(changes)).toThrow(message);
  });
});
