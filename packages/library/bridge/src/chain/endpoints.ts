import { cat, full, type Tensor, tidy } from "@dsbm/torch";
import { type Conditions, conditionRows, kindsOf } from "../core/conditions.js";
import type { Endpoint } from "../core/direction.js";
import type { Chain, Endpoints } from "../core/endpoints.js";
import { argumentError } from "../core/errors.js";
import { type Interval, intervalsOf } from "./chain.js";

/** One dataset of a time course. */
export interface Marginal {
  /** Samples [n, …]. */
  x: Tensor;
  /** Conditions of the samples. */
  conditions?: Conditions | undefined;
}

/**
 * Endpoints of samples at the times of a chain, in new tensors (see `disposeSome`).
 * @throws {BridgeError} unless each time has a dataset.
 */
export function chainEndpoints(marginals: readonly Marginal[], chain: Chain): Endpoints {
  if (marginals.length !== chain.times.length)
    throw argumentError(
      `${marginals.length} datasets at ${chain.times.length} times; expected a time for each`,
    );
  const all = intervalsOf(chain);
  const of = (interval: Interval, end: Endpoint) =>
    marginals[interval.index + (end === "x0" ? 0 : 1)];
  const joined = (end: Endpoint) =>
    tidy(() => cat(all.map((interval) => of(interval, end).x.div(interval.unit))).keep());
  const conditions = (end: Endpoint): Conditions =>
    tidy(() => {
      const interval = cat(all.map((one) => intervalNumbers(one, of(one, end).x)));
      const parts = all.map((one) => of(one, end).conditions);
      const kinds = kindsOf(parts[0]);
      const rows = kinds.map((kind) => [kind, cat(parts.map((c) => c![kind]!))]);
      const conditions: Conditions = { ...Object.fromEntries(rows), interval };
      for (const t of conditionRows(conditions)) t.keep();
      return conditions;
    });
  return {
    x0: joined("x0"),
    x1: joined("x1"),
    chain,
    conditions: { x0: conditions("x0"), x1: conditions("x1") },
  };
}

const intervalNumbers = ({ index }: Interval, x: Tensor): Tensor =>
  full([x.size(0)], index, { dtype: "int64", device: x.device });

/** Conditions of rows x [n, …] in one interval. */
export function inInterval(
  interval: Interval,
  x: Tensor,
  conditions: Conditions | undefined,
): Conditions {
  return { ...conditions, interval: intervalNumbers(interval, x) };
}
