// Networks that learn the difference from the bridge between Gaussians of the data's moments.

import { argumentError } from "../core/errors.js";
import type { MixtureNumbers } from "../model/mixture-potential.js";
import { Preconditioned } from "../model/preconditioned.js";
import type { Method, MethodModel } from "./method.js";

/** Sets the Gaussians of a preconditioned network from rows of both datasets. */
export const beginPreconditioned: NonNullable<MethodModel["begin"]> = ({
  network,
  data,
  process,
}) => (network as Preconditioned).initialise(data, process.sigma ** 2, process);

/** Fits the mixtures of a preconditioned network to rows of both datasets. */
const prepareMixtures: MethodModel["prepare"] = ({ network, data, process, generator }) =>
  (network as Preconditioned).fitMixtures(data, process.sigma ** 2, generator);

/**
 * Preconditions a method's networks; α-DSBM's take the coupled Gaussians instead of independent ones.
 * @throws {BridgeError} for a method without a drift learnt by regression.
 */
export function withPreconditioning(method: Method, mixture?: MixtureNumbers): Method {
  const { name, predicts, networks, regression } = method;
  const bidirectional = method.model?.type === Preconditioned;
  const made: Method = {
    ...method,
    onlyBrownian: true,
    model: {
      type: Preconditioned,
      create({ shape, createNetwork, chain, direction }) {
        const zero = mixture !== undefined;
        const net = createNetwork(bidirectional ? { bidirectional, zero } : { unit: true, zero });
        return new Preconditioned(net, shape, {
          chain,
          direction: bidirectional ? null : direction,
          coupled: true,
          mixture,
        });
      },
      begin: beginPreconditioned,
      prepare: mixture && prepareMixtures,
    },
  };
  if (bidirectional) return made;
  if (predicts !== "drift" || networks !== "each" || !regression)
    throw argumentError(
      `${name} cannot be preconditioned; expected one with a drift network for each direction and a regression, such as methods.dsbm, or methods.alpha_dsbm`,
    );
  return {
    ...made,
    loss(batch, context) {
      const { x, t, target } = regression.call(method, batch, { ...context, meanMatch: true });
      const network = context.network as Preconditioned;
      return network.loss(x, t, batch.conditions ?? {}, target, context.process);
    },
  };
}
