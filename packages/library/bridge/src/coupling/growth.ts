import { arange, cat, searchsorted, type Tensor, tidy } from "@dsbm/torch";
import { rowIndex } from "../core/batch.js";
import { mapConditions } from "../core/conditions.js";
import { squaredDistances } from "../ot/cost.js";
import { samplePairs } from "../ot/sample.js";
import { sinkhorn } from "../ot/sinkhorn.js";
import { growthCost } from "../process/growth-path.js";
import type { BatchCoupling } from "./coupling.js";
import { displacedRows, kernelMean, type ValuesOfRows } from "./kernel-mean.js";
import { drawChances } from "./matching.js";

/** Splits samples [B, d + 1], also [T, B, d + 1], into coordinates and the last column, log masses [B]. */
export function splitMass(x: Tensor): { x: Tensor; logMass: Tensor } {
  const d = x.size(-1) - 1;
  return { x: x.narrow(-1, 0, d), logMass: x.select(-1, d) };
}

/** Appends the log mass [B] to rows x [B, d]: [B, d + 1]. */
export const joinMass = (x: Tensor, logMass: Tensor): Tensor =>
  cat([x, logMass.unsqueeze(1)], { dim: 1 });

/** Rows [B, d + 1] with 0 for the log mass. */
export function withoutMass(rows: Tensor): Tensor {
  const { x, logMass } = splitMass(rows);
  return joinMass(x, logMass.zerosLike());
}

/** Rows drawn by their masses [n], as evenly as possible (systematic resampling): int64 [count], rising. */
export function rowsByMass(masses: Tensor, count = masses.size(0)): Tensor {
  const n = masses.size(0);
  const running = masses.to("float64").cumsum(0);
  const total = running.narrow(0, n - 1, 1);
  const at = arange(0, count, { dtype: "float64", device: masses.device }).add(0.5).div(count);
  return searchsorted(running, at.mul(total)).clamp({ max: n - 1 });
}

interface GrowthPlanOptions {
  delta: number;
  /** Log of the plan's total mass at each source row [n] and target row [m]. */
  logA: Tensor;
  logB: Tensor;
  /** The known gain of log mass of each source row, [n]; only the plan uses it. */
  prior?: Tensor | undefined;
  /** Semi-relaxed plans (VGFM) with this penalty, in units of the median cost; null: both ends are penalised. */
  penalty?: number | null | undefined;
  /** Weight of the entropy if both ends are penalised (default 5e-4). */
  entropy?: number | undefined;
}

/**
 * The plan P that minimises ⟨C, P⟩ + KL(P1 | a·e^prior) + KL(Pᵀ1 | b) with `growthCost` and a little entropy (WFR-FM), or
 * ⟨|x − y|², P⟩ + ε KL(P) + λ KL(P1 | a·e^prior) with Pᵀ1 = b (VGFM, NeurIPS 2025): [n, m], and the log masses per unit
 * of plan: `left` [n] of the source and `joined` [m] of the target. A pair's mass grows by exp(joined − left).
 */
export function growthPlan(
  x0: Tensor,
  x1: Tensor,
  { delta, logA, logB, prior, penalty = null, entropy = 5e-4 }: GrowthPlanOptions,
): { plan: Tensor; left: Tensor; joined: Tensor } {
  const distances = squaredDistances(x0, x1);
  const solve = () => {
    if (penalty === null) {
      const seen = prior ? logA.add(prior) : logA;
      const masses = seen.unsqueeze(1).add(logB.unsqueeze(0));
      return sinkhorn(growthCost(distances, delta).sub(masses), {
        reg: entropy,
        penalty: 1,
        ...forDraws,
      });
    }
    const cost = distances.div(distances.median().item() || 1);
    const known = prior ? cost.sub(prior.unsqueeze(1), { alpha: penalty }) : cost;
    return sinkhorn(known, { reg: semiEntropy, penalty, exactColumns: true, ...forDraws });
  };
  const { plan } = solve();
  // Sinkhorn's weight 1/n stands for a mass of e^logA.
  return {
    plan,
    left: logA.sub(plan.sum(1).mul(plan.size(0)).log()),
    joined: logB.sub(plan.sum(0).mul(plan.size(1)).log()),
  };
}

/** In units of the median cost. */
const semiEntropy = 0.05;
/** Of plans for several draws a row: a larger entropy joins rows with their targets' neighbours. */
const drawEntropy = 2e-5;
const forDraws = { tolerance: 1e-4, iterations: 500 };

/** What is known of rows [n, d] of an interval before training, around rows of the data in their own units. */
export interface KnownGrowth {
  /** The gain of log mass of source rows, [m, 1]. */
  gain: ValuesOfRows;
  /** Displacements [m, d] of source rows into the frame in which plans compare rows; null: none. */
  from: ValuesOfRows | null;
  /** The same of target rows. */
  to: ValuesOfRows | null;
}

/** Rows [n, d] of an interval in the units of the data, on the CPU. */
const inData = (x0: Tensor, x1: Tensor, unit: number): [Tensor, Tensor] => [
  x0.to({ device: "cpu", dtype: "float64" }).mul(unit),
  x1.to({ device: "cpu", dtype: "float64" }).mul(unit),
];

/** The ends of an interval's plan and the prior of source rows [n, d], if growth is known. */
function knownEnds(x0: Tensor, x1: Tensor, { gain, from, to }: KnownGrowth) {
  return {
    x0: displacedRows(x0, from),
    x1: displacedRows(x1, to),
    prior: kernelMean(gain, x0).squeeze(1),
  };
}

/**
 * Draws pairs of a `growthPlan` by the mass that leaves the source; x1's log mass becomes the log mass of x0 plus the
 * pair's growth. Samples are [n, d + 1] with log masses last, which include a prior of the source if the `masses` of the data
 * sets are given. `units` are the units of intervals, `known` the growth of each.
 */
export function minibatchGrowth({
  delta,
  units,
  masses,
  known,
  penalty,
}: Pick<GrowthPlanOptions, "delta" | "penalty"> & {
  units?: readonly number[] | undefined;
  masses?: readonly number[] | undefined;
  known?: readonly KnownGrowth[] | undefined;
}): BatchCoupling {
  return ({ x0, x1, conditions }, generator, of = "x0", draws = 1) =>
    tidy(() => {
      const interval = units && conditions?.interval ? conditions.interval.select(0, 0).item() : 0;
      const unit = units?.[interval] ?? 1;
      const source = splitMass(x0);
      const target = splitMass(x1);
      const seen = source.logMass.mul(unit).to("float64");
      const isEach = draws === "each";
      // A path's own mass is its source's.
      const mass = isEach ? undefined : masses?.[interval];
      const logA = mass === undefined ? seen : seen.fullLike(Math.log(mass));
      const ends = known?.[interval]
        ? knownEnds(...inData(source.x, target.x, unit), known[interval])
        : {
            x0: source.x,
            x1: target.x,
            prior: mass === undefined ? undefined : seen.sub(logA),
          };
      const { plan, left, joined } = growthPlan(ends.x0, ends.x1, {
        delta: known?.[interval] ? delta : delta / unit,
        logA,
        logB: target.logMass.mul(unit).to("float64"),
        prior: ends.prior,
        penalty,
        entropy: isEach || draws === 1 ? undefined : drawEntropy,
      });
      const semi = plan.mul(left.exp().unsqueeze(1));
      const n = x0.size(0);
      const chances = drawChances(isEach ? n : draws * n, generator, x0.device);
      const pairs = isEach
        ? samplePairs(
            plan.div(plan.sum(1, { keepdim: true })),
            chances.map((u, i) => (i + u) / n),
          )
        : samplePairs(semi, chances);
      const rows = rowIndex(pairs.rows, x0.device);
      const columns = rowIndex(pairs.columns, x0.device);
      const ratio = joined.indexSelect(0, columns).sub(left.indexSelect(0, rows));
      const from = x0.indexSelect(0, rows);
      const logMass = splitMass(from).logMass.add(ratio.div(unit).to(x0.dtype));
      const at = { x0: rows, x1: columns };
      return {
        x0: from,
        x1: joinMass(target.x.indexSelect(0, columns), logMass),
        conditions: mapConditions(conditions, (t) => t.indexSelect(0, at[of])),
      };
    });
}
