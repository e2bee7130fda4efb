// A method whose networks learn what is beyond the Schrödinger bridge between Gaussians of the data's moments.
import { Preconditioned } from "../model/preconditioned.js";
import { onlyBrownian } from "../process/brownian.js";
import type { Method } from "./method.js";

export const preconditioned = (method: Method): Method => ({
  ...method,
  modelClass: Preconditioned,
  model: ({ shape, create, chain, direction }) =>
    new Preconditioned(create({ unit: true }), shape, { chain, direction }),
  begin({ network, data, process }) {
    onlyBrownian("precondition=true", process);
    (network as Preconditioned).begin(data, process.sigma ** 2);
  },
  loss(batch, { network, ...context }) {
    const rows = method.regression?.(batch, { ...context, meanMatch: true });
    const losses = [rows ?? []]
      .flat()
      .map(({ x, t, target, given = batch.given }) =>
        (network as Preconditioned).loss(x, t, given ?? {}, target),
      );
    return losses.reduce((a, b) => a.add(b)).div(losses.length);
  },
});
