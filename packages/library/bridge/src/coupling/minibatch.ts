import { type Tensor, tidy } from "@dsbm/torch";
import { rowIndex } from "../core/batch.js";
import { mapConditions } from "../core/conditions.js";
import { argumentError } from "../core/errors.js";
import { squaredDistances } from "../ot/cost.js";
import { exactPlan } from "../ot/exact.js";
import type { SparsePlan } from "../ot/plan.js";
import { type IndexPairs, samplePairs } from "../ot/sample.js";
import { type PointSets, sinkhorn } from "../ot/sinkhorn.js";
import type { BatchCoupling } from "./coupling.js";
import { drawChances } from "./matching.js";

function coupling(
  choose: (
    batch: PointSets,
    size: { n: number; m: number },
    draw: (plan: SparsePlan | Tensor) => IndexPairs,
  ) => IndexPairs,
): BatchCoupling {
  return ({ x0, x1, conditions }, generator, of = "x0") =>
    tidy(() => {
      const n = x0.size(0);
      const m = x1.size(0);
      const { rows, columns } = choose({ x0, x1 }, { n, m }, (plan) =>
        samplePairs(plan, drawChances(n, generator, x0.device)),
      );
      const at = { x0: rowIndex(rows, x0.device), x1: rowIndex(columns, x0.device) };
      return {
        x0: x0.indexSelect(0, at.x0),
        x1: x1.indexSelect(0, at.x1),
        conditions: mapConditions(conditions, (t) => t.indexSelect(0, at[of])),
      };
    });
}

function checkEqual(what: string, { n, m }: { n: number; m: number }): void {
  if (n === m) return;
  throw argumentError(`${what} needs equally many samples of both datasets, got ${n} and ${m}`);
}

/**
 * Exact plans for the squared distance (Tong et al. 2024). `replace` draws pairs with replacement, as the
 * reference does; otherwise the plan's permutation keeps every sample once.
 */
export function minibatchExact({ replace = true }: { replace?: boolean } = {}): BatchCoupling {
  return coupling(({ x0, x1 }, { n, m }, draw) => {
    if (!replace) checkEqual("a pairing without replacement", { n, m });
    const { plan } = exactPlan(squaredDistances(x0, x1).toArray() as Float64Array, n, m);
    return replace ? draw(plan) : plan;
  });
}

const forDraws = { tolerance: 1e-4, iterations: 300 };

/** Entropic plans with regularisation `reg`, drawn from with replacement; SB-CFM takes 2σ². */
export function minibatchEntropic({ reg }: { reg: number }): BatchCoupling {
  return coupling((batch, _, draw) => draw(sinkhorn(batch, { reg, ...forDraws }).plan));
}

/** σ² as a share of the variance of the data up to which an exact plan is as good: states in the middle are 1.5 % too wide. */
const smallNoise = 0.06;

/**
 * The pairs of a Schrödinger bridge of noise σ: entropic plans with regularisation 2σ². If the noise is small relative to the data,
 * exact plans, which take less time.
 */
export function minibatchBridge({ sigma }: { sigma: number }): BatchCoupling {
  const exact = minibatchExact();
  const entropic = minibatchEntropic({ reg: 2 * sigma ** 2 });
  return (batch, ...draws) => {
    const [v0, v1] = tidy(() =>
      [batch.x0, batch.x1].map((x) => x.to("float64").var({ dim: 0, correction: 0 }).mean().item()),
    );
    const isSmall = sigma ** 2 <= smallNoise * Math.sqrt(v0 * v1);
    return (isSmall ? exact : entropic)(batch, ...draws);
  };
}
