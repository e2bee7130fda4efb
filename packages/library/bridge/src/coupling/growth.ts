// Unbalanced transport inside batches whose rows have masses.
import { arange, cat, searchsorted, type Tensor, tidy } from "@dsbm/torch";
import { rowIndex } from "../core/batch.js";
import { mapConditions } from "../core/conditions.js";
import { squaredDistances } from "../ot/cost.js";
import { samplePairs } from "../ot/sample.js";
import { sinkhorn } from "../ot/sinkhorn.js";
import { growthCost } from "../process/growth-path.js";
import type { BatchCoupling } from "./coupling.js";
import { drawChances } from "./matching.js";

/** Splits samples [B, d + 1], also [T, B, d + 1], into coordinates and the last column, log masses [B]. */
export function splitMass(x: Tensor): { x: Tensor; logMass: Tensor } {
  const d = x.size(-1) - 1;
  return { x: x.narrow(-1, 0, d), logMass: x.select(-1, d) };
}

export const joinMass = (x: Tensor, logMass: Tensor): Tensor =>
  cat([x, logMass.unsqueeze(1)], { dim: 1 });

/** Rows [B, d + 1] with 0 for the log mass. */
export function withoutMass(rows: Tensor): Tensor {
  const { x, logMass } = splitMass(rows);
  return joinMass(x, logMass.zerosLike());
}

/** Rows drawn by their masses [n], as evenly as possible (systematic resampling): int64 [n], rising. */
export function rowsByMass(masses: Tensor): Tensor {
  const n = masses.size(0);
  const running = masses.to("float64").cumsum(0);
  const total = running.narrow(0, n - 1, 1);
  const at = arange(0, n, { dtype: "float64", device: masses.device }).add(0.5).div(n);
  return searchsorted(running, at.mul(total)).clamp({ max: n - 1 });
}

/**
 * Draws pairs of the plan that minimises ⟨C, P⟩ + KL(P1 | m0) + KL(Pᵀ1 | m1) with `growthCost` and
 * a little entropy (`reg`, no unit). Samples are [n, d + 1] with log masses last. Pairs are drawn
 * by the mass that leaves the source; x1's log mass becomes x0's plus the pair's growth. `units`:
 * units of intervals.
 */
export function minibatchGrowth({
  delta,
  units,
  reg = 5e-4,
}: {
  delta: number;
  units?: readonly number[] | undefined;
  reg?: number;
}): BatchCoupling {
  return ({ x0, x1, given }, generator, of = "x0", draws = 1) =>
    tidy(() => {
      const interval = units && given?.interval;
      const unit = interval ? (units[interval.select(0, 0).item()] as number) : 1;
      const source = splitMass(x0);
      const target = splitMass(x1);
      const logA = source.logMass.mul(unit).to("float64");
      const logB = target.logMass.mul(unit).to("float64");
      const cost = growthCost(squaredDistances(source.x, target.x), delta / unit);
      const masses = logA.unsqueeze(1).add(logB.unsqueeze(0));
      const { plan } = sinkhorn(cost.sub(masses), { reg, penalty: 1, ...forDraws });
      // Sinkhorn's weight 1/n stands for a mass of e^logA.
      const grownA = logA.sub(plan.sum(1).mul(plan.size(0)).log());
      const grownB = logB.sub(plan.sum(0).mul(plan.size(1)).log());
      const semi = plan.mul(grownA.exp().unsqueeze(1));
      const pairs = samplePairs(semi, drawChances(draws * x0.size(0), generator, x0.device));
      const rows = rowIndex(pairs.rows, x0.device);
      const columns = rowIndex(pairs.columns, x0.device);
      const ratio = grownB.indexSelect(0, columns).sub(grownA.indexSelect(0, rows));
      const from = x0.indexSelect(0, rows);
      const logMass = splitMass(from).logMass.add(ratio.div(unit).to(x0.dtype));
      const at = { x0: rows, x1: columns };
      return {
        x0: from,
        x1: joinMass(target.x.indexSelect(0, columns), logMass),
        given: mapConditions(given, (t) => t.indexSelect(0, at[of])),
      };
    });
}

const forDraws = { tolerance: 1e-4, iterations: 500 };
