// What networks are conditioned on beside a point and a time: a field or a class for each row, and the direction where
// one network serves both.
import type { Tensor } from "@dsbm/torch";
import type { End } from "./direction.js";

/** What a network is conditioned on beside the point and the time. */
export interface Conditions {
  /** Classes, int64 [B]. */
  y?: Tensor | undefined;
  /** A field or image [B, C′, H, W] that x is to follow; its channels are part of `in_channels`. */
  cond?: Tensor | undefined;
  /** Of several marginals in a row: the interval of each row, int64 [B], from 0 on. Training sets it. */
  interval?: Tensor | undefined;
  /**
   * The direction that a bidirectional network is evaluated for, [B]: 1 forward, 0 backward. Set where the network is
   * called; data have none.
   */
  direction?: Tensor | undefined;
  /** Set where a network is called: as if cond and y were not known, of a network that was trained without them at times. */
  absent?: boolean | undefined;
}

/** The conditions that data can have, in the order in which they are listed as tensors. */
const kinds = ["cond", "y", "interval"] as const;
type ConditionKind = (typeof kinds)[number];

/** The conditions of each table that has some. */
export type EndConditions = { readonly [end in End]?: Conditions | undefined };

/** Which conditions there are. */
export function kindsOf(conditions: Conditions | undefined): ConditionKind[] {
  return kinds.filter((kind) => conditions?.[kind]);
}

/** Conditions as tensors behind other rows. */
export function conditionRows(conditions: Conditions | undefined): Tensor[] {
  return kindsOf(conditions).map((kind) => conditions?.[kind] as Tensor);
}

/** The rows of x [n, …] whose label, int64 [n], is the wanted one. */
export const rowsWhere = (x: Tensor, label: Tensor, wanted: number): Tensor =>
  x.indexSelect(0, label.eq(wanted).nonzero().squeeze(1));

/** The same of each condition. */
export function mapConditions(
  conditions: Conditions | undefined,
  fn: (t: Tensor) => Tensor,
): Conditions | undefined {
  if (!conditions) return undefined;
  return Object.fromEntries(
    kindsOf(conditions).map((kind) => [kind, fn(conditions[kind] as Tensor)]),
  );
}

/**
 * The conditions of the samples of an end and the end whose table holds them: its own, or where it has none (a
 * Gaussian) those of the other end, row by row.
 */
export function conditionsAt(
  conditions: EndConditions | undefined,
  end: End,
): { of: End; values: Conditions } | undefined {
  for (const of of end === "x0" ? (["x0", "x1"] as const) : (["x1", "x0"] as const)) {
    const values = conditions?.[of];
    if (values) return { of, values };
  }
  return undefined;
}
