// Whether fields follow their conditions as data do.
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Ends } from "@dsbm/problem";
import { otherRows, testConditions } from "@dsbm/problem";
import type { Evaluator } from "./evaluator.js";
import { conditionError } from "./spectra.js";

export async function openConditionFit(
  ends: Ends,
  config: CompleteTrainConfig,
): Promise<Evaluator> {
  return {
    measure({ side, split, start, end, data, given }) {
      const other = split === "test" ? "train" : "test";
      const reserve = otherRows(ends[side], split, config);
      const wanted = testConditions(ends, side, data.size(0), split)?.cond;
      const spare = testConditions(ends, side, reserve.size(0), other)?.cond;
      if (!given?.cond || !wanted || !spare)
        return { cond_error: null, start_cond_error: null, data_cond_error: null };
      const truth = { x: data, cond: wanted };
      return {
        cond_error: conditionError({ x: end, cond: given.cond }, truth),
        start_cond_error: conditionError({ x: start, cond: given.cond }, truth),
        data_cond_error: conditionError({ x: reserve, cond: spare }, truth),
      };
    },
  };
}
