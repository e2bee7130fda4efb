// A method whose networks learn what is beyond the Schrödinger bridge between Gaussians of the data's moments.

import { BridgeError } from "../core/errors.js";
import { Preconditioned } from "../model/preconditioned.js";
import { onlyBrownian } from "../process/brownian.js";
import type { Method } from "./method.js";

/** Throws a BridgeError for a method without a drift for each direction that is learnt by regression. */
export function preconditioned(method: Method): Method {
  const { name, predicts, networks, regression } = method;
  if (predicts !== "drift" || networks !== "each" || !regression)
    throw new BridgeError(
      "argument",
      `${name} cannot be preconditioned; expected a method with a drift network for each direction and a regression, such as methods.dsbm`,
    );
  return {
    ...method,
    modelClass: Preconditioned,
    model: ({ shape, create, chain, direction }) =>
      new Preconditioned(create({ unit: true }), shape, { chain, direction }),
    begin({ network, data, process }) {
      onlyBrownian("precondition=true", process);
      (network as Preconditioned).begin(data, process.sigma ** 2);
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
