import type { Tensor } from "@dsbm/torch";
import type { CompleteProblem } from "../problem.js";
import { localRanks, type Part } from "./ranks.js";

export interface BatchShare {
  part: Part;
  pairs: number;
  /** Rows that this rank trains on. */
  rows: number;
  among: number;
  /** Of numbers drawn for the whole batch [B, …] the numbers of this rank's rows. */
  own(drawn: Tensor): Tensor;
}

export function batchShare({
  optimisation: { batchSize, repeat },
  execution: { ranks, shareBatch },
}: Pick<CompleteProblem, "optimisation" | "execution">): BatchShare {
  const pairs = batchSize / repeat;
  const sharing = shareBatch ? ranks : localRanks;
  const part = sharing.part(pairs);
  const { start, count } = part;
  const own = (drawn: Tensor): Tensor => {
    if (count === pairs) return drawn;
    if (repeat === 1) return drawn.narrow(0, start, count);
    const rest = drawn.shape.slice(1);
    return drawn
      .reshape([repeat, pairs, ...rest])
      .narrow(1, start, count)
      .reshape([repeat * count, ...rest]);
  };
  return { part, pairs, rows: repeat * count, among: sharing.size, own };
}
