// The score of an ensemble against one observation.
import { arange, type Tensor, tidy } from "@dsbm/torch";
import { argumentError } from "../core/errors.js";

/**
 * The continuous ranked probability score of members [m, …] against an observation y […]: E|X − y| − ½E|X − X′|, in the units of y,
 * without the bias of few members. Returns […] float64. Source: Ferro 2014.
 * @throws {BridgeError} for fewer than two members
 */
export function crps(members: Tensor, y: Tensor): Tensor {
  const m = members.size(0);
  if (m < 2) throw argumentError(`a score of ${m} members; expected two or more`);
  return tidy(() => {
    const [sorted] = members.to("float64").sort(0);
    const rank = arange(0, m, { dtype: "float64", device: members.device });
    // Each difference of two members once, by ranks.
    const weights = rank
      .mul(2)
      .sub(m - 1)
      .div(m * (m - 1));
    const apart = sorted.mul(weights.reshape([m, ...y.shape.map(() => 1)])).sum(0);
    return sorted.sub(y.to("float64")).abs().mean(0).sub(apart).keep();
  });
}
