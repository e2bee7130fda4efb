import { exactPlan, sinkhorn, squaredDistances } from "@dsbm/bridge";
import { tensor } from "@dsbm/torch";
import { expect, it } from "vitest";
import { densePlan } from "../support/plans.js";
import { expectClose, golden, relativeError } from "./golden.js";

it("the cost matrix", () => {
  const g = golden("ot_plans");
  expectClose(squaredDistances(g("x0"), g("x1")), g("cost"));
});

it("the exact plan costs what the golden plan costs, to 1e-9", () => {
  const g = golden("ot_plans");
  const cost = g("cost").to("float64");
  const [n, m] = cost.shape;
  const want = g("exact").mul(cost).sum().item();
  const { plan, cost: got } = exactPlan(cost.toArray() as Float64Array, n, m);
  expect(Math.abs(got - want) / want).toBeLessThan(1e-9);
  const dense = tensor(densePlan(plan), { shape: [n, m] });
  expect(Math.abs(dense.mul(cost).sum().item() - want) / want).toBeLessThan(1e-9);
});

it.each([2, 0.2])("the entropic plan with reg %d, to 1e-6", (reg) => {
  const g = golden("ot_plans");
  const { plan, converged } = sinkhorn(g("cost"), { reg });
  expect(converged).toBe(true);
  expect(relativeError(plan, g(`sinkhorn_reg${reg}`))).toBeLessThan(1e-6);
});
