// The benchmark's choices: which runs it makes, and which of them it shows.
import { expect, it } from "vitest";
import { best, select } from "../../bench/benchmarks.mjs";

const namesOf = (list?: string) => select(list).map(({ name }: { name: string }) => name);

it("selects in the table's order, and long ones only by name", () => {
  expect(namesOf("simulate_mlp,op_overhead")).toEqual(["op_overhead", "simulate_mlp"]);
  expect(namesOf()).not.toContain("truth_d5");
  expect(namesOf("truth_d50,truth_d5")).toEqual(["truth_d5", "truth_d50"]);
  expect(() => select("mlp_step_d51")).toThrow(/"mlp_step_d51": did you mean mlp_step_d5\?/);
});

it("takes the thread count with the lower median, and leaves out a side that failed", () => {
  const one = { threads: 1, values: [1.0, 5, 6], peaks: [10, 30, 20] };
  const two = { threads: 2, values: [2, 3, 4, 9], peaks: [50] };
  const failed = { threads: 1, values: [], peaks: [] };
  expect(best([one, two])).toEqual({ threads: 2, value: 3.5, mb: 50 });
  expect(best([failed, one])).toEqual({ threads: 1, value: 5, mb: 30 });
  expect(best([failed])).toBeNull();
});
