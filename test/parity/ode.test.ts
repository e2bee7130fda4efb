import { eulerAt } from "@dsbm/bridge";
import { stack } from "@dsbm/torch";
import { expect, it } from "vitest";
import { expectClose, golden } from "./golden.js";

it("Euler with step 0.01 at requested times, and its number of evaluations", () => {
  const g = golden("ode");
  const A = g("A");
  const path = g("euler_0.01/path");
  const n = path.size(0);
  const times = Array.from({ length: n }, (_, i) => 1 - i / (n - 1));
  const field = (x: typeof A, t: typeof A) =>
    x.mm(A).tanh().mul(t.mul(6).sin().add(1).unsqueeze(1));
  const { states, nfe } = eulerAt(field, g("x1"), times, 0.01);
  expectClose(stack(states), path);
  expect(Math.abs(nfe - Number(g("euler_0.01/nfe").item()))).toBeLessThanOrEqual(1);
});
