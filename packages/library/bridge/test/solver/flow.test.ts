// One table over all solvers of flows: order and evaluations, in both directions of time, and mistakes are errors.
import {
  backward,
  full,
  noGrad,
  recordCalls,
  setNumThreads,
  type Tensor,
  tensor,
  tidy,
} from "@dsbm/torch";
import { beforeAll, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal } from "../../../../../test/support/numbers.js";
import { flowSolvers, solveFlow } from "../../src/solver/index.js";
import type { Field } from "../../src/solver/solver.js";
import { oscillating, oscillation } from "../support.js";

beforeAll(() => setNumThreads(1));

type Name = keyof typeof flowSolvers;
const names = Object.keys(flowSolvers) as Name[];
/** Order, and evaluations a step. */
const fixedSteps = { heun: { order: 2, evaluations: 2 }, euler: { order: 1, evaluations: 1 } };

const start = () => tensor([[1], [-2], [0.5]], { dtype: "float64" });

/** Largest relative error over all states at `times`. */
function worstError(times: number[], options: Partial<Parameters<typeof solveFlow>[2]>): number {
  return tidy(() => {
    const { states } = solveFlow(oscillating, start(), { times, ...options });
    const want = times.map((t) => oscillation(times[0], t));
    const ratio = states.div(start()).flatten({ startDim: 1 });
    return distance(ratio, tensor(want, { dtype: "float64" }).unsqueeze(1).expand([-1, 3]));
  });
}

const unevenTimes = [0, 0.13, 0.5, 0.77, 1];
const timeGrids = [
  ["forward", unevenTimes],
  ["backward", unevenTimes.map((t) => 1 - t)],
] as const;

describe.each(timeGrids)("%s in time", (_way, times) => {
  it.each(["heun", "euler"] as const)("%s has its order at times off its grid too", (solver) => {
    const { order } = fixedSteps[solver];
    const errors = [16, 32, 64, 128].map((n) =>
      worstError([...times], { solver, step_size: 1 / n }),
    );
    for (const [i, e] of errors.slice(1).entries())
      expect(Math.abs(Math.log2((errors[i] as number) / e) - order)).toBeLessThan(0.25);
  });

  it("dopri5's error goes with its tolerance", () => {
    for (const tol of [1e-4, 1e-6, 1e-8, 1e-10])
      expect(worstError([...times], { rtol: tol, atol: tol })).toBeLessThan(30 * tol);
    expect(worstError([...times], { rtol: 1e-4, atol: 1e-4 })).toBeGreaterThan(1e-7);
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
    else expect(nfe).toBe(10 * fixedSteps[solver].evaluations);
  });

  it("takes recorded fields", () =>
    noGrad(() => {
      const times = [1, 0.5, 0];
      const program = recordCalls(oscillating);
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
