// The benchmark's choices: which runs it makes, and which of them it shows.
import { describe, expect, it } from "vitest";
import { best, select } from "../../bench/benchmarks.mjs";

describe("select", () => {
  it("keeps the table's order and runs everything when nothing is asked for", () => {
    const all = select(undefined).map(({ name }) => name);
    expect(all).toEqual([
      "op_overhead",
      "mlp_step_d5",
      "mlp_step_d50",
      "simulate_mlp",
      "adam_step",
      "half_iteration_d5",
      "half_iteration_d50",
      "unet_step",
      "unet_forward",
      "unet_simulation",
      "mlp_step_d5_bf16",
      "mlp_step_d50_bf16",
      "simulate_mlp_bf16",
      "half_iteration_d5_bf16",
      "half_iteration_d50_bf16",
      "unet_step_bf16",
      "unet_forward_bf16",
      "unet_simulation_bf16",
      "half_iteration_d5_few",
      "half_iteration_d50_few",
      "conv3x3",
      "norm_silu",
      "conv3x3_few",
      "norm_silu_few",
      "sinkhorn_128",
      "sinkhorn_1024",
      "sinkhorn_4096",
      "exact_ot_128",
      "exact_ot_1024",
      "exact_ot_4096",
      "ddp_unet",
      "ddp_mlp",
    ]);
    expect(select("simulate_mlp,op_overhead").map(({ name }) => name)).toEqual([
      "op_overhead",
      "simulate_mlp",
    ]);
  });

  it("runs what takes minutes where it is named", () => {
    expect(select("truth_d50,truth_d5").map(({ name }) => name)).toEqual(["truth_d5", "truth_d50"]);
  });

  it("answers an unknown name with the nearest right one", () => {
    expect(() => select("mlp_step_d51")).toThrow(/"mlp_step_d51": did you mean mlp_step_d5\?/);
    expect(() => select("op_overhead,simulate")).toThrow(/"simulate": did you mean simulate_mlp\?/);
    expect(() => select("")).toThrow(/no benchmark ""/);
  });
});

describe("best", () => {
  it("takes the thread count with the lower median, not with the lowest time", () => {
    const one = { threads: 1, values: [1.0, 5, 6], peaks: [10, 30, 20] };
    const two = { threads: 2, values: [2, 3, 4, 9], peaks: [50] };
    expect(best([one, two])).toEqual({ threads: 2, value: 3.5, mb: 50 });
    expect(best([one])).toEqual({ threads: 1, value: 5, mb: 30 });
  });

  it("leaves out a side that failed, and says so when both did", () => {
    const failed = { threads: 1, values: [], peaks: [] };
    expect(best([failed, { threads: 2, values: [7], peaks: [1] }])?.threads).toBe(2);
    expect(best([failed])).toBeNull();
  });
});
