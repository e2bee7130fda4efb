// A method whose networks learn what is beyond the Schrödinger bridge between Gaussians of the data's moments.

import { BridgeError } from "../core/errors.js";
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
  if (method.modelClass === Preconditioned)
    return {
      ...method,
      plain: method,
      model: ({ shape, create, chain }) =>
        new Preconditioned(create({ bidirectional: true, zero: mixture !== undefined }), shape, {
          chain,
          coupled: true,
          mixture,
        }),
    };
  if (predicts !== "drift" || networks !== "each" || !regression)
    throw new BridgeError(
      "argument",
      `${name} cannot be preconditioned; expected one with a drift network for each direction and a regression, such as methods.dsbm, or methods.alpha_dsbm`,
    );
  return {
    ...method,
    plain: method,
    modelClass: Preconditioned,
    model: ({ shape, create, chain, direction }) =>
      new Preconditioned(create({ unit: true, zero: mixture !== undefined }), shape, {
        chain,
        direction,
        coupled: true,
        mixture,
      }),
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
