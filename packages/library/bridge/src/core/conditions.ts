import type { Tensor } from "@dsbm/torch";
import type { Endpoint } from "./direction.js";

/** The inputs of a network in addition to point and time. */
export interface Conditions {
  /** Classes, int64 [B]. */
  y?: Tensor | undefined;
  /** A field or image [B, C′, H, W] for x to follow; its channels are part of `in_channels`. */
  cond?: Tensor | undefined;
  /** The interval of each row of several marginals, int64 [B], set by training. */
  interval?: Tensor | undefined;
  /** First row and column of each row's part of a field, int64 [B, 2], set by training on parts. */
  window?: Tensor | undefined;
  /** Signed length of the step from each time, [B], for networks that learn steps; absent: 0. */
  step?: Tensor | undefined;
  /** 1 forward, 0 backward, [B]; set when a bidirectional network is called. */
  direction?: Tensor | undefined;
  /** Evaluates the network as if cond and y were unknown (see `ConditionDropout`). */
  absent?: boolean | undefined;
}

const conditionNames = ["cond", "y", "interval", "window"] as const;
type ConditionName = (typeof conditionNames)[number];

/** Conditions of source and target rows. */
export type EndpointConditions = { readonly [end in Endpoint]?: Conditions | undefined };

/** The kinds of conditions that are present. */
export function kindsOf(conditions: Conditions | undefined): ConditionName[] {
  return conditionNames.filter((kind) => conditions?.[kind]);
}

/** The tensors [n, …] of conditions, in the order of `kindsOf`. */
export function conditionRows(conditions: Conditions | undefined): Tensor[] {
  return kindsOf(conditions).map((kind) => conditions![kind]!);
}

/** The rows of x [n, …] with this label, int64 [n]. */
export const rowsWhere = (x: Tensor, label: Tensor, value: number): Tensor =>
  x.indexSelect(0, label.eq(value).nonzero().squeeze(1));

/** Maps each condition [n, …]. */
export function mapConditions(
  conditions: Conditions | undefined,
  fn: (t: Tensor) => Tensor,
): Conditions | undefined {
  if (!conditions) return undefined;
  return Object.fromEntries(kindsOf(conditions).map((kind) => [kind, fn(conditions[kind]!)]));
}

/**
 * The conditions of an endpoint's samples, and their table. A table without conditions (a Gaussian)
 * takes the other table's, row by row.
 */
export function conditionsAt(
  conditions: EndpointConditions | undefined,
  end: Endpoint,
): { of: Endpoint; values: Conditions } | undefined {
  for (const of of end === "x0" ? (["x0", "x1"] as const) : (["x1", "x0"] as const)) {
    const values = conditions?.[of];
    if (values) return { of, values };
  }
  return undefined;
}
