// Methods with models of their own through the command line: trained for a few steps, and sampled from their folders by
// their own sampler and along the probability flow. Whether they learn: train/test/learns.test.ts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { methodsWith } from "@dsbm/bridge";
import { io } from "@dsbm/torch";
import { expect, it } from "vitest";
import { onlyRun, scratch, wordsOf } from "./cli.js";
import { commandHere, runWell } from "./sample.js";

const root = scratch();

it.each([
  "gaussian_bridge",
  "quantile_mapping",
  "sinkhorn_bridge",
  "lightsb mixture_components=5",
  "lightsb mass=[1,2] mass_penalty=2",
  "alpha_dsbm n_ipf=1",
  "dsbm n_ipf=1 precondition=mixture",
  "sf2m ot_sampler=sinkhorn",
  "sbcfm",
])("method=%s trains, and samples both ways", async (method) => {
  const experiments = join(root, method.replaceAll(/\W+/g, "_"));
  const words =
    wordsOf(`train method=${method} dataset=gaussian data.dim=2 data.n_train=200 data.n_test=100
    num_iter=20 first_num_iter=20 batch_size=64 model.hidden='16,16' threads=1 plot_level=0 LOGGER=NONE`);
  await runWell(...(words as [string]), `experiments_dir=${experiments}`);
  const run = onlyRun(experiments) as string;
  const hasExport = methodsWith(({ onnx }) => onnx).some((name) => name === method.split(" ")[0]);
  const page = readFileSync(join(run, "report.html"), "utf8");
  expect([/dsbm export/, /dsbm sample/].map((one) => one.test(page))).toEqual([hasExport, true]);
  if (!hasExport) {
    const { code, stderr } = await commandHere("export", run, join(experiments, "page.html"));
    expect([code === 0, stderr]).toEqual([
      false,
      expect.stringContaining("no counterpart in ONNX"),
    ]);
  }
  for (const solver of ["solver=sde", "solver=dopri5 ode_tol=1e-2"]) {
    const out = join(experiments, `${solver.slice(7, 10)}.npy`);
    await runWell("sample", run, "gaussian:50", out, "direction=f", ...wordsOf(solver));
    const x = io.fromRaw(io.npy.decode(readFileSync(out)));
    // Masses are a column of their own.
    const width = method.includes("mass") ? 3 : 2;
    expect([x.shape, x.isfinite().all().item()]).toEqual([[50, width], true]);
  }
});
