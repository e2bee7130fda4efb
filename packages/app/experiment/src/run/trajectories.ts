// The files that the Gaussian benchmark leaves beside those of every run.
import { stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { gridOf } from "@dsbm/inference";
import type { Ends } from "@dsbm/problem";
import type { RunWriter } from "@dsbm/runs";
import { io, noGrad, tidy } from "@dsbm/torch";
import type { Training } from "@dsbm/train";

/** The benchmark's files: test points, and backward paths from them by each number of steps, [steps + 1, n, d]. */
export function writeTrajectories(
  training: Training,
  { config, ends, run }: { config: CompleteTrainConfig; ends: Ends; run: RunWriter },
): void {
  for (const end of ["x0", "x1"] as const)
    run.saveFile(`${end}_test.npy`, io.encodeNpy(ends[end].test));
  for (const [i, steps] of config.test_num_steps.entries())
    noGrad(() =>
      tidy(() => {
        const { test } = ends.x1;
        const generator = stream(config.seed, `trajectory/${steps}`, test.device);
        const grid = gridOf(training.problem.schedule.grid, steps, null);
        const path = training.sampler.path("b", test, { grid, generator });
        run.saveFile(i === 0 ? "traj.npy" : `traj_${steps}.npy`, io.encodeNpy(path));
      }),
    );
}
