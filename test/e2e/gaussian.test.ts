import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readRun } from "@dsbm/runs";
import { io } from "@dsbm/torch";
import { expect, it } from "vitest";
import { onlyRun, scratch, small, succeed } from "./cli.js";

const root = scratch();
const columns =
  "half_iteration,direction,step,steps,n,nfe,mean,exact_mean,var,exact_var,cov,exact_cov,kl_diag,floor_diag,kl_full,floor_full,seconds_per_batch,seconds";

it("writes everything a run leaves, and does not run a finished one again", async () => {
  const experiments = join(root, "a");
  const words = ["outer_iters=2", "first_coupling=ind", `experiments_dir=${experiments}`];
  const args = ["gaussian", ...small, ...words];
  const first = await succeed(args);
  expect(first.stdout).toMatch(/^metric +direction .* target/m);
  const folder = onlyRun(experiments) as string;
  expect(folder).toContain("dim=2");
  const csv = readFileSync(join(folder, "results.csv"), "utf8").trim().split("\n");
  expect(csv[0]).toBe(columns);
  const run = readRun(folder);
  expect(run.info.state).toBe("finished");
  expect(run.results.map((row) => [row.half_iteration, row.direction, row.steps])).toEqual([
    [1, "b", 5],
    [1, "b", 10],
    [2, "f", 5],
    [2, "f", 10],
  ]);
  for (const row of run.results) {
    for (const key of columns.split(",").filter((key) => key !== "direction"))
      expect(Number.isFinite(row[key]), key).toBe(true);
  }
  using traj = io.npy.open(join(folder, "traj.npy"));
  expect(traj.shape).toEqual([6, 200, 2]);
  for (const file of [
    "config.yaml",
    "config.json",
    "report.html",
    "x0_test.npy",
    "x1_test.npy",
    "traj_10.npy",
    "figures/convergence.svg",
    "figures/convergence.png",
    "figures/loss.png",
    "models/2_f.safetensors",
    "samples/it0001_f_step00000040_scatter.png",
  ])
    expect(existsSync(join(folder, file)), file).toBe(true);

  const second = await succeed(args);
  expect(second.stdout).toContain("finished already");
});
