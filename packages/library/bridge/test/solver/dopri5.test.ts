// The adaptive solver: its tableau's order, its steps, its dense output, and how it gives up.
import { full, setNumThreads, tensor, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal } from "../../../../../test/support/numbers.js";
import { dormandPrince } from "../../src/solver/dormand-prince.js";
import { counted } from "../../src/solver/flow.js";
import { solveFlow } from "../../src/solver/index.js";
import { neighbour } from "../../src/solver/neighbour.js";
import type { Field } from "../../src/solver/solver.js";
import { errorRatio, initialStep, nextStep } from "../../src/solver/step-size.js";
import { oscillating, oscillation } from "../support.js";

beforeAll(() => setNumThreads(1));

const number = (value: number) => full([1, 1], value, { dtype: "float64" });

describe("one step", () => {
  /** Errors of the end, of its estimate and of the dense output after steps of h, added up over many starts. */
  const errors = (h: number) => {
    const sum = { end: 0, estimate: 0, dense: 0 };
    for (let time = 0; time < 1; time += 0.05)
      tidy(() => {
        const v = counted(oscillating);
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
        expect(Math.abs(Math.log2((all[i] as number) / e) - order)).toBeLessThan(0.25);
    }
  });

  it("integrates polynomials of time up to the fourth power exactly", () => {
    const field: Field = (x, t) => x.mul(0).add(t.pow(4).mul(5).unsqueeze(1));
    const v = counted(field);
    const x = number(0);
    const step = dormandPrince(v, { x, slope: v.at(x, 1), time: 1, dt: -1 });
    expect(step.end.item()).toBeCloseTo(-1, 13);
  });
});

describe("step sizes", () => {
  it("grow at most tenfold, shrink at most fivefold, and never shrink after a good step", () => {
    expect(nextStep(0.1, 0)).toBe(1);
    expect(nextStep(0.1, 1e-9)).toBe(1);
    expect(nextStep(0.1, 0.9 ** 5)).toBeCloseTo(0.1, 12);
    expect(nextStep(0.1, 0.999)).toBe(0.1);
    expect(nextStep(0.1, 2)).toBeCloseTo((0.1 * 0.9) / 2 ** 0.2, 12);
    expect(nextStep(0.1, 1e9)).toBeCloseTo(0.02, 12);
    expect(nextStep(0.1, Infinity)).toBeCloseTo(0.02, 12);
  });

  it("the error ratio is the root mean square over the batch", () => {
    const of = (values: number[][]) => tensor(values, { dtype: "float64" });
    const error = of([[0.3], [-0.4]]);
    const [from, to] = [of([[1], [1]]), of([[-3], [0.5]])];
    // allowed: 0.1 + 0.1·3 = 0.4 and 0.1 + 0.1·1 = 0.2
    const want = Math.sqrt((0.75 ** 2 + 2 ** 2) / 2);
    expect(errorRatio({ error, from, to }, { rtol: 0.1, atol: 0.1 })).toBeCloseTo(want, 12);
  });

  it("the first step follows Hairer's recipe", () => {
    // x' = −x from x = 2 with rtol = atol = τ: scale τ(1 + 2), d0 = d1 = 2/(3τ), h0 = 0.01, d2 = d1.
    const v = counted((x) => x.neg());
    const x = number(2);
    const start = { x, slope: x.neg(), time: 0, sign: 1 as const };
    for (const tol of [1e-3, 1e-6]) {
      const want = (0.01 / (2 / (3 * tol))) ** 0.2;
      expect(initialStep(v, start, { rtol: tol, atol: tol })).toBeCloseTo(want, 12);
    }
    // From rest in a field that is zero: as careful as it gets.
    const rest = { x: number(0), slope: number(0), time: 0, sign: 1 as const };
    const still = counted((y) => y.mul(0));
    expect(initialStep(still, rest, { rtol: 1e-3, atol: 1e-3 })).toBe(1e-6);
  });

  it("neighbours are the next numbers of the dtype", () => {
    expect(neighbour(1, 1, "float64")).toBe(1 + Number.EPSILON);
    expect(neighbour(1, -1, "float64")).toBe(1 - Number.EPSILON / 2);
    expect(neighbour(-1, -1, "float64")).toBe(-1 - Number.EPSILON);
    expect(neighbour(1, 1, "float32")).toBe(1 + 2 ** -23);
    expect(neighbour(-1, 1, "float32")).toBe(-1 + 2 ** -24);
    expect([neighbour(0, -1, "float32"), neighbour(0, 1, "float64")]).toEqual([
      -(2 ** -149),
      5e-324,
    ]);
    expect(neighbour(0.3, 1, "bfloat16")).toBe(0.3);
  });
});

describe("the whole of it", () => {
  it("makes no further evaluations when more times are requested", () => {
    const few = solveFlow(oscillating, number(1), { times: [0, 1] });
    const times = Array.from({ length: 101 }, (_, k) => k / 100);
    const many = solveFlow(oscillating, number(1), { times });
    expect(many.nfe).toBe(few.nfe);
    expect(many.states.select(0, 100).item()).toBe(few.states.select(0, 1).item());
    for (const [k, t] of times.entries())
      expect(Math.abs(many.states.select(0, k).item() - oscillation(0, t))).toBeLessThan(3e-4);
  });

  it("takes a batch as one system: copies of a row change nothing", () => {
    const row = normal([1, 3], 1);
    const one = solveFlow(oscillating, row, { times: [1, 0] });
    const many = solveFlow(oscillating, row.repeat([7, 1]), { times: [1, 0] });
    expect(many.nfe).toBe(one.nfe);
    expect(distance(many.states, one.states.expand([2, 7, 3]))).toBeLessThan(1e-12);
  });

  it("needs about twice as many steps for a tolerance of 2⁻⁵", () => {
    const steps = [1e-7, 1e-7 / 32, 1e-7 / 1024].map((tol) =>
      tidy(() => {
        const times = [0, 20];
        return solveFlow(oscillating, number(1), { times, rtol: tol, atol: tol }).nfe / 6;
      }),
    ) as [number, number, number];
    expect(steps[1] / steps[0]).toBeGreaterThan(1.7);
    expect(steps[1] / steps[0]).toBeLessThan(2.3);
    expect(steps[2] / steps[1]).toBeGreaterThan(1.7);
    expect(steps[2] / steps[1]).toBeLessThan(2.3);
  });

  it("starts with the step it is given", () => {
    const times: number[] = [];
    tidy(() =>
      solveFlow(
        (x, t) => {
          times.push(t.toNumbers()[0] as number);
          return oscillating(x, t);
        },
        number(1),
        { times: [1, 0], first_step: 0.05 },
      ),
    );
    expect(times[1]).toBeCloseTo(1 - 0.05 / 5, 12);
  });

  it("looks beyond the last time only when it may, and is then read from the polynomial", () => {
    const latest = (overshoot: boolean) => {
      let most = 0;
      const field: Field = (x, t) => {
        most = Math.max(most, t.toNumbers()[0] as number);
        return oscillating(x, t);
      };
      const options = { rtol: 1e-3, atol: 1e-3, overshoot };
      const { states } = tidy(() => solveFlow(field, number(1), { times: [0, 1], ...options }));
      return { most, error: Math.abs(states.select(0, 1).item() - oscillation(0, 1)) };
    };
    const [short, long] = [latest(false), latest(true)];
    expect(short.most).toBeLessThanOrEqual(1);
    expect(long.most).toBeGreaterThan(1.01);
    expect(short.error).toBeLessThan(1e-3);
    expect(long.error).toBeLessThan(1e-3);
    expect(short.error).not.toBe(long.error);
  });

  it("comes through where only long steps leave the numbers", () => {
    // √(1.02 − t) is NaN for a step that reaches too far.
    const field: Field = (x, t) => x.mul(0).sub(t.rsub(1.02).sqrt().unsqueeze(1));
    const { states } = solveFlow(field, number(0), { times: [0, 1], first_step: 3 });
    const want = (2 / 3) * (0.02 ** 1.5 - 1.02 ** 1.5);
    expect(Math.abs(states.select(0, 1).item() - want)).toBeLessThan(1e-5);
  });
});

describe("gives up with one line", () => {
  const lines = /^[^\n]+$/;
  it("when steps run out", () => {
    const run = () =>
      tidy(() => solveFlow(oscillating, number(1), { times: [0, 50], max_num_steps: 5 }));
    expect(run).toThrow(lines);
    expect(run).toThrow(
      /^dopri5 is at time 0\.\d+ of 0 to 50 after 5 steps; loosen rtol 0.00001 and atol 0.00001, or raise max_num_steps$/,
    );
  });

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
