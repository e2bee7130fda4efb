import type { CompleteTrainConfig } from "@dsbm/config";
import type { Datasets } from "@dsbm/datasets";
import { type Bridge, gridOf } from "@dsbm/inference";
import type { RunWriter } from "@dsbm/runs";
import { io } from "@dsbm/torch";

/** Writes test points, and backward paths from them by each number of steps, [steps + 1, n, d]. */
export async function writeTrajectories(
  bridge: Bridge,
  { config, datasets, run }: { config: CompleteTrainConfig; datasets: Datasets; run: RunWriter },
): Promise<void> {
  for (const end of ["x0", "x1"] as const)
    run.saveFile(`${end}_test.npy`, io.encodeNpy(datasets[end].test));
  for (const [i, steps] of config.test_num_steps.entries()) {
    const { states } = await bridge.paths(datasets.x1.test, {
      direction: "b",
      grid: gridOf(bridge.trained, steps),
      seed: config.seed,
      purpose: `trajectory/${steps}`,
    });
    run.saveFile(i === 0 ? "traj.npy" : `traj_${steps}.npy`, io.encodeNpy(states));
    states.dispose();
  }
}
