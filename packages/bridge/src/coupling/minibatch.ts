// Optimal transport inside each batch: pairs that are short on average without a plan for the whole data.
import { type Generator, rand, tensor, tidy } from "@dsbm/torch";
import type { Pairs } from "../core/batch.js";
import { mapConditions } from "../core/conditions.js";
import type { End } from "../core/direction.js";
import { BridgeError } from "../core/errors.js";
import { samplePermutation } from "../ot/birkhoff.js";
import { squaredDistances } from "../ot/cost.js";
import { exactPlan } from "../ot/exact.js";
import { samplePairs } from "../ot/sample.js";
import { sinkhorn } from "../ot/sinkhorn.js";
import type { BatchCoupling } from "./coupling.js";

/** Rows of x0 and columns of x1 as pairs; conditions are those of the end `of`. */
function take(
  { x0, x1, given }: Pairs,
  rows: Int32Array,
  columns: Int32Array,
  of: End = "x0",
): Pairs {
  const index = (ids: Int32Array) => tensor(BigInt64Array.from(ids, BigInt), { device: x0.device });
  const at = { x0: index(rows), x1: index(columns) };
  return {
    x0: x0.indexSelect(0, at.x0),
    x1: x1.indexSelect(0, at.x1),
    given: mapConditions(given, (t) => t.indexSelect(0, at[of])),
  };
}

function uniforms(n: number, generator: Generator): Float64Array {
  return rand([n], { generator, dtype: "float64" }).toArray() as Float64Array;
}

const counting = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

function checkSquare(n: number, m: number): void {
  if (n === m) return;
  throw new BridgeError(
    "argument",
    `pairs without replacement need equally many samples on both ends, got ${n} and ${m}`,
  );
}

/**
 * Exact plans on the squared distance (Tong et al. 2024). `replace: true` draws pairs from the plan with
 * replacement, as the reference does; false keeps every sample once (the permutation that the plan is).
 */
export function minibatchExact({ replace = true }: { replace?: boolean } = {}): BatchCoupling {
  return (batch, generator, of) =>
    tidy(() => {
      const n = batch.x0.size(0);
      const cost = Float64Array.from(
        squaredDistances(batch.x0, batch.x1).toArray() as Float32Array,
      );
      const m = batch.x1.size(0);
      if (!replace) checkSquare(n, m);
      const { plan, permutation } = exactPlan(cost, n, m);
      if (!replace && permutation) return take(batch, counting(n), permutation, of);
      const { rows, columns } = samplePairs(plan, uniforms(n, generator));
      return take(batch, rows, columns, of);
    });
}

/**
 * Entropic plans (Sinkhorn) with regularisation `reg`; SB-CFM takes 2σ². Pairs are drawn with replacement, or
 * with `replace: false` as a random permutation whose mean is the plan.
 */
export function minibatchEntropic({
  reg,
  replace = true,
}: {
  reg: number;
  replace?: boolean;
}): BatchCoupling {
  return (batch, generator, of) =>
    tidy(() => {
      const [n, m] = [batch.x0.size(0), batch.x1.size(0)];
      const entries = sinkhorn(squaredDistances(batch.x0, batch.x1), {
        reg,
      }).plan.toArray() as Float64Array;
      if (!replace) {
        checkSquare(n, m);
        const uniform = () => uniforms(1, generator)[0] as number;
        return take(batch, counting(n), samplePermutation({ n, m, entries }, uniform), of);
      }
      const { rows, columns } = samplePairs({ n, m, entries }, uniforms(n, generator));
      return take(batch, rows, columns, of);
    });
}
