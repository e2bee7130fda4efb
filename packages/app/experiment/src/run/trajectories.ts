import type { CompleteTrainConfig } from "@dsbm/config";
import { type Bridge, gridOf } from "@dsbm/inference";
import type { Datasets } from "@dsbm/problem";
import type { RunWriter } from "@dsbm/runs";
import { io } from "@dsbm/torch";

/** Writes test points, and backward paths from them by each number of steps, [steps + 1, n, d]. */
export async function writeTrajectories(
  bridge: Bridge,
  { config, ends, run }: { config: CompleteTrainConfig; ends: Datasets; run: RunWriter },
): Promise<void> {
  for (const end of ["x0", "x1"] as const)
    run.saveFile(`${end}_test.npy`, io.encodeNpy(ends[end].test));
  const { test } = ends.x1;
  for (const [i, steps] of config.test_num_steps.entries()) {
    const { states } = await bridge.paths(test, {
      direction: "b",
      grid: gridOf(bridge.trained, steps),
      seed: config.seed,
      purpose: `trajectory/${steps}`,
    });
    run.saveFile(i === 0 ? "traj.npy" : `traj_${steps}.npy`, io.encodeNpy(states));
    states.dispose();
  }
}
