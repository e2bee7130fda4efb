// Whether fields follow their conditions as data do.
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import type { Tensor } from "@dsbm/torch";
import type { Ends } from "../problem/ends.js";
import { testConditions, testRows } from "../problem/test-rows.js";
import type { Evaluator } from "./evaluator.js";
import { conditionError } from "./spectra.js";

export async function openConditionFit(
  ends: Ends,
  { test_npar, seed }: CompleteTrainConfig,
): Promise<Evaluator> {
  return {
    measure({ side, split, start, end, data, given }) {
      const fieldsOf = (from: Split, x: Tensor) =>
        testConditions(ends, side, x.size(0), from)?.cond;
      const other = split === "test" ? "train" : "test";
      const reserve = testRows(ends[side], test_npar, seed, other).to({ device: "cpu" });
      const [wanted, spare] = [fieldsOf(split, data), fieldsOf(other, reserve)];
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
