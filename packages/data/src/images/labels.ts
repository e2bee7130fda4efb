// Published labels as networks count classes.
import { type Tensor, tidy } from "@dsbm/torch";

/** Positions 0 … k−1 of labels [n] among the published ones; 0 for a label that is not among them. */
export function positionsOf(labels: Tensor, published: readonly number[]): Tensor {
  return tidy(() =>
    published.reduce(
      (sum, label, i) => sum.add(labels.eq(label).to("int64").mul(i)),
      labels.to("int64").mul(0),
    ),
  );
}
