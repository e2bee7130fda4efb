import { type Tensor, tidy } from "@dsbm/torch";
import { rowIndex } from "../core/batch.js";
import { mapConditions } from "../core/conditions.js";
import { squaredDistances } from "../ot/cost.js";
import { exactPlan } from "../ot/exact.js";
import type { SparsePlan } from "../ot/plan.js";
import { samplePairs } from "../ot/sample.js";
import { type Points, sinkhorn } from "../ot/sinkhorn.js";
import type { BatchCoupling } from "./coupling.js";
import { drawChances } from "./matching.js";

function coupling(
  plan: (batch: Points, n: number, m: number) => SparsePlan | Tensor,
): BatchCoupling {
  return ({ x0, x1, given }, generator, of = "x0") =>
    tidy(() => {
      const n = x0.size(0);
      const { rows, columns } = samplePairs(
        plan({ x0, x1 }, n, x1.size(0)),
        drawChances(n, generator, x0.device),
      );
      const at = { x0: rowIndex(rows, x0.device), x1: rowIndex(columns, x0.device) };
      return {
        x0: x0.indexSelect(0, at.x0),
        x1: x1.indexSelect(0, at.x1),
        given: mapConditions(given, (t) => t.indexSelect(0, at[of])),
      };
    });
}

/** Pairs drawn from exact plans for the squared distance (Tong et al. 2024), with replacement. */
export function minibatchExact(): BatchCoupling {
  return coupling(
    ({ x0, x1 }, n, m) => exactPlan(squaredDistances(x0, x1).toArray() as Float64Array, n, m).plan,
  );
}

const forDraws = { tolerance: 1e-4, iterations: 300 };

/** Entropic plans with regularisation `reg`, drawn from with replacement; SB-CFM takes 2σ². */
export function minibatchEntropic({ reg }: { reg: number }): BatchCoupling {
  return coupling((batch) => sinkhorn(batch, { reg, ...forDraws }).plan);
}
