// Published labels as class indices.
import { type Tensor, tidy } from "@dsbm/torch";

/** Indices 0 … k−1 of labels [n] in the list of published ones; 0 for a label that is not in it. */
export function positionsOf(labels: Tensor, published: readonly number[]): Tensor {
  return tidy(() =>
    published.reduce(
      (sum, label, i) => sum.add(labels.eq(label).to("int64").mul(i)),
      labels.to("int64").mul(0),
    ),
  );
}
