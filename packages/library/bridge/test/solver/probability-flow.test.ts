// The probability flow of the exact Gaussian bridge: its velocity, its marginals at every time, and back again.
import { full, setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, expectMoments, normal } from "../../../../../test/support/numbers.js";
import { exactMarginal } from "../../src/metric/gaussian-bridge.js";
import { flowSolvers, solveFlow } from "../../src/solver/index.js";
import { probabilityFlow } from "../../src/solver/probability-flow.js";
import { exactField, exactFlow } from "../support.js";

beforeAll(() => setNumThreads(1));

const bridge = { a: 0.7, sigma: 1.3 };
const [forward, backward] = [exactField("f", bridge), exactField("b", bridge)];
const eps = 1e-6;
const flow = probabilityFlow({ forward, backward, eps });
const at = (time: number, n: number) => full([n], time, { dtype: "float64" });

it("is half the difference of the drifts: the velocity of the marginals", () => {
  const x = normal([50, 2], 1);
  for (const time of [0.01, 0.3, 0.5, 0.99]) {
    const want = exactFlow(bridge)(x, at(time, 50));
    expect(distance(flow(x, at(time, 50)), want)).toBeLessThan(1e-10);
  }
});

describe.each(Object.keys(flowSolvers) as (keyof typeof flowSolvers)[])("with %s", (solver) => {
  const times = [0, 0.25, 0.5, 0.8, 1];
  const tolerance = { dopri5: 1e-6, heun: 1e-4, euler: 2e-2 }[solver];
  const options = { solver, rtol: 1e-8, atol: 1e-8, step_size: 1 / 128 };
  const n = 20_000;

  it("carries the start's law to the end's, and back to the very points", () => {
    const x0 = normal([n, 2], 2).sub(bridge.a);
    const there = solveFlow(flow, x0, { times, ...options }).states;
    const m0 = exactMarginal(bridge, 0);
    for (const [k, time] of times.entries()) {
      const exact = exactMarginal(bridge, time);
      const state = there.select(0, k);
      expectMoments(state, exact);
      // The flow is affine: x_t = m_t + √(v_t / v_0)(x_0 − m_0).
      const want = x0
        .sub(m0.mean)
        .mul(Math.sqrt(exact.var / m0.var))
        .add(exact.mean);
      expect(distance(state, want)).toBeLessThan(tolerance);
    }
    const back = solveFlow(flow, there.select(0, -1), { times: times.toReversed(), ...options });
    expect(distance(back.states.select(0, -1), x0)).toBeLessThan(tolerance);
  });
});

it("is minus the backward drift, or the forward one, where that is all there is", () => {
  const x = normal([5, 2], 4);
  const t = at(0.3, 5);
  expect(distance(probabilityFlow({ backward })(x, t), backward(x, t).neg())).toBe(0);
  expect(distance(probabilityFlow({ forward })(x, t), forward(x, t))).toBe(0);
  expect(distance(probabilityFlow({ forward: null, backward })(x, t), backward(x, t).neg())).toBe(
    0,
  );
});

it("follows a rectified flow, whose backward drift is minus its velocity", () => {
  const field = probabilityFlow({ backward: (x, t) => exactFlow(bridge)(x, t).neg() });
  const x1 = normal([100, 2], 5);
  const { states } = solveFlow(field, x1, { times: [1, 0], rtol: 1e-9, atol: 1e-9 });
  expect(distance(states.select(0, 1), x1.sub(2 * bridge.a))).toBeLessThan(1e-6);
});

it("keeps times in the range of training, where the drifts have no poles", () => {
  const seen: number[][] = [];
  const watch = (x: Tensor, t: Tensor) => {
    seen.push(t.toNumbers());
    return x;
  };
  const x = normal([2, 2], 6);
  for (const time of [-0.1, 0, 0.5, 1, 1.2]) probabilityFlow({ backward: watch })(x, at(time, 2));
  expect(seen).toEqual([1e-4, 1e-4, 0.5, 1 - 1e-4, 1 - 1e-4].map((t) => [t, t]));
  const atEnd = probabilityFlow({ forward, backward, eps: 1e-6 });
  for (const time of [0, 1]) expect(atEnd(x, at(time, 2)).isfinite().all().item()).toBe(true);
});

it("refuses to be made of nothing, or with a range that is none", () => {
  expect(() => probabilityFlow({})).toThrow(
    "a probability flow needs the drift of at least one direction; give forward, backward or both",
  );
  expect(() => probabilityFlow({ backward, eps: 0.5 })).toThrow("eps is 0.5; expected a number");
  expect(() => probabilityFlow({ backward, eps: Number.NaN })).toThrow("eps is NaN; expected");
});
