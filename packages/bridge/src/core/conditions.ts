// What networks are told beside a point and a time: a field or a class, row by row, on its way from the tables
// through couplings, caches and samplers. Rows carry it behind what they are trained on, in one order.
import type { Tensor } from "@dsbm/torch";
import type { End } from "./direction.js";

/** What a network is told beside the point and the time. */
export interface Conditions {
  /** Classes, int64 [B]. */
  y?: Tensor | undefined;
  /** A field or image [B, C′, H, W] that x is to follow; its channels are part of `in_channels`. */
  cond?: Tensor | undefined;
}

/** The kinds of conditions in the order in which rows carry them. */
const kinds = ["cond", "y"] as const;
export type ConditionKind = (typeof kinds)[number];

/** The conditions of each table that has some. */
export type EndConditions = { readonly [end in End]?: Conditions | undefined };

/** The conditions of pairs, and the table that they came with. */
export interface PairConditions {
  of: End;
  values: Conditions;
}

/** Which conditions there are. */
export function kindsOf(conditions: Conditions | undefined): ConditionKind[] {
  return kinds.filter((kind) => conditions?.[kind]);
}

/** Conditions as tensors behind other rows. */
export function conditionRows(conditions: Conditions | undefined): Tensor[] {
  return kindsOf(conditions).map((kind) => conditions?.[kind] as Tensor);
}

/** The conditions at the end of rows that carry these kinds. */
export function conditionsIn(
  rows: readonly Tensor[],
  which: readonly ConditionKind[],
): Conditions | undefined {
  if (which.length === 0) return undefined;
  const first = rows.length - which.length;
  return Object.fromEntries(which.map((kind, i) => [kind, rows[first + i]]));
}

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
 * The conditions that belong to samples of an end: its own, or where it has none (a Gaussian), those of the other
 * end, in the order they lie in.
 */
export function conditionsAt(
  conditions: EndConditions | undefined,
  end: End,
): PairConditions | undefined {
  for (const of of end === "x0" ? (["x0", "x1"] as const) : (["x1", "x0"] as const)) {
    const values = conditions?.[of];
    if (values) return { of, values };
  }
  return undefined;
}
