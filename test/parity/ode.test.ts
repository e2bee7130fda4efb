// The reference's ODE sampler on a small field, backward in time: states at requested times and what they cost.
import { type Field, solveFlow } from "@dsbm/bridge";
import { setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { expectClose, golden } from "./golden.js";

beforeAll(() => setNumThreads(1));

/** dx/dt = tanh(x A)(1 + sin 6t), from time 1 to time 0. */
function setting(key: string) {
  const g = golden("ode");
  const A = g("A");
  const path = g(`${key}/path`);
  const n = path.size(0);
  const field: Field = (x, t) => x.mm(A).tanh().mul(t.mul(6).sin().add(1).unsqueeze(1));
  return {
    field,
    x: g("x1"),
    path,
    nfe: g(`${key}/nfe`).item(),
    times: Array.from({ length: n }, (_, i) => 1 - i / (n - 1)),
  };
}

describe("dopri5, whose last step passes the end", () => {
  it.each([0.001, 1e-5])("with rtol = atol = %d", (tol) =>
    tidy(() => {
      const { field, x, path, nfe, times } = setting(`dopri5_${tol === 1e-5 ? "1e-05" : tol}`);
      const flow = solveFlow(field, x, { times, rtol: tol, atol: tol, overshoot: true });
      expectClose(flow.states, path, 1e-5);
      expect(flow.nfe).toBe(Number(nfe));
    }),
  );
});

it("Euler with step 0.01", () =>
  tidy(() => {
    const { field, x, path, nfe, times } = setting("euler_0.01");
    const flow = solveFlow(field, x, { times, solver: "euler", step_size: 0.01 });
    expectClose(flow.states, path, 1e-5);
    expect(flow.nfe).toBe(Number(nfe));
  }));
