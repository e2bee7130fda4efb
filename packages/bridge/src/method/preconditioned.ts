// A method whose networks learn what is beyond the Schrödinger bridge between Gaussians of the data's moments.

import { argumentError } from "../core/errors.js";
import type { MixtureNumbers } from "../model/mixture-potential.js";
import { Preconditioned } from "../model/preconditioned.js";
import { onlyBrownian } from "../process/brownian.js";
import type { Method } from "./method.js";

/**
 * The method with such networks; α-DSBM's, which know Gaussians that are independent, take their bridge instead. Throws a
 * BridgeError for a method without a drift that is learnt by regression.
 */
export function preconditioned(method: Method, mixture?: MixtureNumbers): Method {
  const { name, predicts, networks, regression } = method;
  const bidirectional = method.modelClass === Preconditioned;
  const made: Method = {
    ...method,
    plain: method,
    modelClass: Preconditioned,
    model({ shape, create, chain, direction }) {
      const zero = mixture !== undefined;
      const net = create(bidirectional ? { bidirectional, zero } : { unit: true, zero });
      const own = bidirectional ? null : direction;
      return new Preconditioned(net, shape, { chain, direction: own, coupled: true, mixture });
    },
  };
  if (bidirectional) return made;
  if (predicts !== "drift" || networks !== "each" || !regression)
    throw argumentError(
      `${name} cannot be preconditioned; expected one with a drift network for each direction and a regression, such as methods.dsbm, or methods.alpha_dsbm`,
    );
  return {
    ...made,
    begin({ network, data, process, generator }) {
      onlyBrownian("precondition=true", process);
      (network as Preconditioned).begin(data, process.sigma ** 2, generator);
    },
    loss(batch, { network, ...context }) {
      const rows = regression.call(method, batch, { ...context, meanMatch: true });
      const losses = [rows]
        .flat()
        .map(({ x, t, target, given = batch.given }) =>
          (network as Preconditioned).loss(x, t, given ?? {}, target),
        );
      return losses.reduce((a, b) => a.add(b)).div(losses.length);
    },
  };
}
