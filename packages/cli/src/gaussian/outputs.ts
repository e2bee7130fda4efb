// What a finished run leaves to look at: trajectories, figures, and a page that shows them.

import { readFileSync } from "node:fs";
import { type Endpoints, ordered, stream, uniformGrid } from "@dsbm/bridge";
import type { GaussianConfig } from "@dsbm/config";
import {
  type RunWriter,
  readCsv,
  renderReport,
  scatterFigure,
  svgToPng,
  trendFigure,
} from "@dsbm/runs";
import { io, noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { Training } from "@dsbm/train";
import { gaussianPanels } from "./panels.js";

/** Backward paths from the test points with `num_steps` and with 100 steps: traj.npy, traj_100.npy, [steps + 1, n, dim]. */
export function writeTrajectories(
  config: GaussianConfig,
  training: Training,
  test: Endpoints,
  run: RunWriter,
): void {
  for (const [name, steps] of [
    ["traj.npy", config.num_steps],
    ["traj_100.npy", config.test_num_steps],
  ] as const) {
    noGrad(() =>
      tidy(() => {
        const generator = stream(config.seed, `trajectory/${steps}`, test.x1.device);
        const path = training.sampler.path("b", test.x1, { grid: uniformGrid(steps), generator });
        run.saveFile(name, io.encodeNpy(path));
      }),
    );
  }
}

/** figures/convergence and figures/samples as SVG and PNG, and index.html. */
export async function writePictures(
  config: GaussianConfig,
  test: Endpoints,
  run: RunWriter,
  exact: { mean: number; var: number; cov: number },
): Promise<void> {
  const { rows } = readCsv(run.paths.results_csv);
  const convergence = await trendFigure({
    rows,
    panels: gaussianPanels(exact),
    title: `${config.model_name}, dim ${config.dim}: backward samples`,
    // Backward samples are evaluated after each half-iteration of either direction.
    series: ({ steps }) => `${steps} steps`,
  });
  const file = io.npy.decode(readFileSync(run.paths.traj_npy), run.paths.traj_npy);
  const samples = (x: Tensor) => x.toArray() as Float32Array;
  const grid = uniformGrid(config.num_steps);
  const scatter = await scatterFigure({
    dim: config.dim,
    path: {
      states: io.toFloat32(file),
      times: [1, ...ordered("b", grid).map(({ next }) => next)],
    },
    source: samples(test.x0),
    target: samples(test.x1),
    title: "Backward samples, first two coordinates",
  });
  for (const [name, svg] of [
    ["convergence", convergence],
    ["samples", scatter],
  ] as const) {
    run.saveFile(`figures/${name}.svg`, svg);
    run.saveFile(`figures/${name}.png`, await svgToPng(svg));
  }
  run.saveFile(
    "index.html",
    renderReport({
      title: `Gaussian benchmark: ${config.model_name}, dim ${config.dim}, seed ${config.seed}`,
      summary: `Exact values: mean ${exact.mean}, variance ${exact.var}, covariance ${exact.cov.toFixed(4)}. Backward samples from ${config.n_test} test points.`,
      facts: { ...config },
      tables: [{ caption: "Results after each half-iteration", rows }],
      pictures: [
        { path: "figures/convergence.svg", caption: "Convergence; the exact values are dashed" },
        { path: "figures/samples.svg", caption: "Samples along the path" },
      ],
    }),
  );
}
