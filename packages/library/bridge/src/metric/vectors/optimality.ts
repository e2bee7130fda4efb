import { cat, eye, randn, type Tensor, tidy } from "@dsbm/torch";
import { argumentError } from "../../core/errors.js";
import { crossCovariance, powersOf } from "../../core/gaussian.js";
import { stream } from "../../core/random.js";
import { asVectors } from "../../ot/cost.js";
import { type Estimate, intervalOf, resampledRows } from "./bootstrap.js";

/** How far the coupling of pairs is from the Schrödinger bridge between Gaussians. */
export interface OptimalityGap {
  /** ‖εA − I‖/‖I‖ (Frobenius): 0 at the optimum, 1 for independent pairs. */
  error: Estimate;
  /** tr(εA)/d: 1 at the optimum, less for weaker pairs. */
  strength: Estimate;
}

/**
 * The matrix A = S⁻¹Pᵀ(Q − PS⁻¹Pᵀ)⁻¹ of pairs start, end [n, …] with covariance [[Q, P], [Pᵀ, S]], which is ε⁻¹I at the
 * Schrödinger bridge between Gaussians (Kholkin 2024), corrected for the bias of a sample's precision. Null for fewer
 * than 4d pairs or deterministic endpoints.
 * @throws {BridgeError} for an `epsilon` of 0 or less
 */
export function optimality(
  start: Tensor,
  end: Tensor,
  { epsilon, seed }: { epsilon: number; seed?: number },
): OptimalityGap | null {
  if (!(epsilon > 0)) throw argumentError(`epsilon is ${epsilon}; expected a number above 0`);
  return tidy(() => {
    const joint = cat([asVectors(start), asVectors(end)], { dim: 1 });
    const n = joint.size(0);
    const d = joint.size(1) / 2;
    if (n < 4 * d + 3) return null;
    const binding = bindingOf(joint, epsilon);
    if (!binding) return null;
    const again = resampledRows(n, seed)
      .unbind()
      .map((rows) => tidy(() => bindingOf(joint.indexSelect(0, rows), epsilon)))
      .filter((one) => one !== null);
    const estimate = (of: "error" | "strength", least?: number) =>
      intervalOf(
        binding[of],
        again.map((one) => one[of]),
        least,
      );
    return { error: estimate("error", 0), strength: estimate("strength") };
  });
}

function bindingOf(joint: Tensor, epsilon: number): { error: number; strength: number } | null {
  return tidy(() => {
    const n = joint.size(0);
    const d = joint.size(1) / 2;
    // Scaled by deviations, for a good condition.
    const deviations = joint.var({ dim: 0, correction: 1 }).sqrt();
    if (!(deviations.min().item() > 0)) return null;
    const covariance = joint.div(deviations).t().cov();
    const least = covariance.linalgEigh()[0].select(0, 0).item();
    if (!(least > 1e-9)) return null;
    const biased = covariance.linalgInv().div(deviations).div(deviations.unsqueeze(1));
    const precision = biased.mul((n - 2 * d - 2) / (n - 1));
    const a = precision.narrow(0, 0, d).narrow(1, d, d).mul(-epsilon);
    const apart = a.sub(eye(d, { dtype: "float64" }));
    return {
      error: apart.square().sum().div(d).sqrt().item(),
      strength: a.trace().item() / d,
    };
  });
}

/**
 * Pairs [count, d], float64, of the exact Schrödinger bridge of σ² = ε between Gaussians with the moments of x0
 * [n, …] and x1 [m, …] (Bunne 2023).
 */
export function gaussianPairs(
  x0: Tensor,
  x1: Tensor,
  { epsilon, count, seed = 0 }: { epsilon: number; count: number; seed?: number },
): { start: Tensor; end: Tensor } {
  return tidy(() => {
    const a = asVectors(x0);
    const b = asVectors(x1);
    const d = a.size(1);
    const covariance = (x: Tensor) => x.t().cov().reshape([d, d]);
    const B = covariance(b);
    const powers = powersOf(covariance(a));
    const C = crossCovariance(powers, B, epsilon);
    const slope = powers(-1).mm(C);
    const generator = stream(seed, "metric/gaussian-pairs");
    const draw = () => randn([count, d], { generator, dtype: "float64" });
    const centred = draw().mm(powers(0.5));
    const rest = powersOf(B.sub(C.t().mm(slope)))(0.5);
    return {
      start: centred.add(a.mean(0)),
      end: centred.mm(slope).add(draw().mm(rest)).add(b.mean(0)),
    };
  });
}
