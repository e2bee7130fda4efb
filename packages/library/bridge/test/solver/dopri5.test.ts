// The adaptive solver: its tableau's order, its steps, its dense output, and how it gives up.
import { full, setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { dormandPrince } from "../../src/solver/dormand-prince.js";
import { countEvaluations } from "../../src/solver/flow.js";
import { solveFlow } from "../../src/solver/index.js";
import type { Field } from "../../src/solver/solver.js";
import { oscillating, oscillation } from "../support.js";

beforeAll(() => setNumThreads(1));

const number = (value: number) => full([1, 1], value, { dtype: "float64" });

describe("one step", () => {
  /** Errors of the end, of its estimate and of the dense output after steps of h, added up over many starts. */
  const errors = (h: number) => {
    const sum = { end: 0, estimate: 0, dense: 0 };
    for (let time = 0; time < 1; time += 0.05)
      tidy(() => {
        const v = countEvaluations(oscillating);
        const x = number(1);
        const step = dormandPrince(v, { x, slope: v.at(x, time), time, dt: h });
        expect(v.nfe).toBe(7);
        expect(step.between(0).item()).toBe(1);
        expect(Math.abs(step.between(1).item() - step.end.item())).toBeLessThan(1e-15);
        sum.end += Math.abs(step.end.item() - oscillation(time, time + h));
        sum.estimate += Math.abs(step.error.item());
        sum.dense += Math.abs(step.between(0.3).item() - oscillation(time, time + 0.3 * h));
      });
    return sum;
  };
  it.each([
    ["end", 6],
    ["estimate", 5],
    ["dense", 5],
  ] as const)("the local error of the %s falls like h^%d", (what, order) => {
    for (const sign of [1, -1]) {
      const all = [0.1, 0.05, 0.025].map((h) => errors(sign * h)[what]);
      for (const [i, e] of all.slice(1).entries())
        expect(Math.abs(Math.log2(all[i] / e) - order)).toBeLessThan(0.25);
    }
  });
});

describe("the whole integration", () => {
  it("makes no further evaluations when more times are requested", () => {
    const few = solveFlow(oscillating, number(1), { times: [0, 1] });
    const times = Array.from({ length: 101 }, (_, k) => k / 100);
    const many = solveFlow(oscillating, number(1), { times });
    expect(many.nfe).toBe(few.nfe);
    expect(many.states.select(0, 100).item()).toBe(few.states.select(0, 1).item());
    for (const [k, t] of times.entries())
      expect(Math.abs(many.states.select(0, k).item() - oscillation(0, t))).toBeLessThan(3e-4);
  });
});

describe("the solver stops with one line", () => {
  const lines = /^[^\n]+$/;

  it("when the step becomes too small: x' = x² has a pole at 1", () => {
    const run = () => tidy(() => solveFlow((x) => x.square(), number(1), { times: [0, 2] }));
    expect(run).toThrow(lines);
    expect(run).toThrow(/^dopri5's step shrank to \S+e-\d+ at time (0\.9999|1\.0000|1 ?:)/);
  });

  it.each([Number.NaN, Infinity])("when the field is %d from the start", (value) => {
    let calls = 0;
    const field: Field = (x) => {
      calls++;
      return x.mul(0).add(value);
    };
    expect(() => tidy(() => solveFlow(field, number(1), { times: [1, 0] }))).toThrow(
      "the field is NaN or infinite at time 1 and just after; check the network's weights and the requested times",
    );
    expect(calls).toBe(1);
  });
});
