// The flow of trained networks against the exact Gaussian bridge: whatever the networks predict, if they predict what
// they should, the flow carries one marginal to the other.
import { full, setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal } from "../../../../../test/support/numbers.js";
import { uniformGrid } from "../../src/core/time-grid.js";
import { methods } from "../../src/method/index.js";
import { type NetworkFlowOptions, networkFlow } from "../../src/method/network-flow.js";
import { flowMargin, type Parametrisation, plainDrift } from "../../src/method/parametrisation.js";
import { exactMarginal } from "../../src/metric/gaussian-bridge.js";
import { brownian } from "../../src/process/brownian.js";
import { asColumn } from "../../src/process/process.js";
import { solveFlow } from "../../src/solver/index.js";
import type { Field } from "../../src/solver/solver.js";
import { exactField, exactFlow, FieldNetwork } from "../support.js";

beforeAll(() => setNumThreads(1));

const bridge = { a: 0.7, sigma: 1.3 };
const process = brownian({ sigma: bridge.sigma });
const grid = uniformGrid(20);
const n = 200;

const drift = { f: exactField("f", bridge), b: exactField("b", bridge) };

/** Networks that predict the exact drift in a parametrisation. */
function networksOf({ meanMatch, stdTrick }: Parametrisation, dt = 1) {
  const exact = (d: "f" | "b"): Field => {
    const left = (t: Tensor, x: Tensor) => asColumn(d === "f" ? t.rsub(1) : t, x);
    return (x, t) => {
      const v = drift[d](x, t);
      const output = meanMatch ? v.mul(left(t, x)).add(x) : v.mul(dt);
      return stdTrick ? output.mul(asColumn(process.scale(d, t), x)) : output;
    };
  };
  return { f: new FieldNetwork(exact("f")), b: new FieldNetwork(exact("b")) };
}

const { dsbm, dsb_increments: dsb, rectifiedflow } = methods;
const cases: [string, Omit<NetworkFlowOptions, "eps">][] = [
  ["drifts", { method: dsbm, process, grid, networks: networksOf(plainDrift) }],
  ...[
    { meanMatch: true, stdTrick: false, lossScale: false },
    { meanMatch: false, stdTrick: true, lossScale: true },
    { meanMatch: true, stdTrick: true, lossScale: false },
  ].map((parametrisation): [string, Omit<NetworkFlowOptions, "eps">] => [
    JSON.stringify(parametrisation),
    { method: dsbm, process, grid, parametrisation, networks: networksOf(parametrisation) },
  ]),
  ["increments", { method: dsb, process, grid, networks: networksOf(plainDrift, 1 / 20) }],
  [
    "a velocity in the backward place",
    { method: rectifiedflow, process, grid, networks: { b: new FieldNetwork(exactFlow(bridge)) } },
  ],
];

describe.each(cases)("%s", (_, options) => {
  it("transports the source's law to the target's, point by point, and back", () => {
    const flow = networkFlow({ ...options, eps: 1e-5 });
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const start = exactMarginal(bridge, from);
      const end = exactMarginal(bridge, to);
      const x = normal([n, 2], 1).add(start.mean);
      const { states } = solveFlow(flow, x, { times: [from, to], rtol: 1e-8, atol: 1e-8 });
      // Equal variances at both ends: the affine flow shifts.
      const want = x
        .sub(start.mean)
        .mul(Math.sqrt(end.var / start.var))
        .add(end.mean);
      expect(distance(states.select(0, -1), want)).toBeLessThan(2e-4);
    }
  });
});

describe("one direction", () => {
  const at = (time: number) => full([n], time, { dtype: "float64" });
  const networks = networksOf(plainDrift);

  it("alone gives the flow: −drift_b, or drift_f", () => {
    const x = normal([n, 2], 2);
    const of = (which: NetworkFlowOptions["networks"]) =>
      networkFlow({ method: dsbm, process, grid, networks: which })(x, at(0.4));
    expect(distance(of({ b: networks.b }), drift.b(x, at(0.4)).neg())).toBe(0);
    expect(distance(of({ f: networks.f, b: null }), drift.f(x, at(0.4)))).toBe(0);
    expect(distance(of(networks), of({ b: networks.b }))).toBeGreaterThan(0.1);
  });
});

describe("a flow of ends that are predicted", () => {
  const meanMatch = { ...plainDrift, meanMatch: true };
  const error = 0.1;
  const exact = networksOf(meanMatch);
  const wrong = (d: "f" | "b") =>
    new FieldNetwork((x, t) => exact[d].forward(x, t).add(d === "f" ? error : -error));
  const networks = { f: wrong("f"), b: wrong("b") };
  const options = { method: dsbm, process, grid, parametrisation: meanMatch };

  it("divides their errors by no less than a step of the grid does", () => {
    const eps = flowMargin(options);
    expect(eps).toBeCloseTo(1 / 20);
    const at = (time: number) => full([n], time, { dtype: "float64" });
    const x = normal([n, 2], 2);
    for (const time of [0, 1]) {
      const [right, near] = [exact, networks].map((which) =>
        networkFlow({ ...options, networks: which, eps })(x, at(time)),
      );
      // Half of the errors of both endpoints, divided by the time left.
      const away = right.sub(near).abs().max().item();
      expect(away).toBeCloseTo((error / 2) * (20 + 20 / 19), 4);
    }
  });

  it("is evaluated closer to the end with shorter steps, and no closer than drifts were trained", () => {
    const margin = (more: object) => flowMargin({ ...options, eps: 1e-3, ...more });
    expect(margin({ grid: uniformGrid(1000) })).toBeCloseTo(1e-3);
    expect(margin({ grid: uniformGrid(2) })).toBe(0.25);
    expect(margin({ parametrisation: plainDrift })).toBe(1e-3);
    expect(margin({ method: methods.sinkhorn_bridge, parametrisation: plainDrift })).toBeCloseTo(
      1 / 20,
    );
    expect(margin({ method: rectifiedflow })).toBe(1e-3);
  });
});
