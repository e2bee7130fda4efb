// Methods with models of their own, and preconditioned DSBM, through the command line: trained between Gaussians, measured in both directions, and
// sampled from their folders by their own sampler and along the probability flow.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { main } from "../../packages/app/cli/src/main.js";
import { onlyRun, scratch, wordsOf } from "./cli.js";
import { words as common, expectExact, expectSamples } from "./exact-bridge.js";

const root = scratch();

/** Methods and options; results are within bounds of the exact bridge, or its marginals alone after few steps. */
const table: [method: string, words: string, bounds?: "marginals"][] = [
  ["gaussian_bridge", ""],
  ["sinkhorn_bridge", ""],
  ["lightsb", "num_iter=300 lr=2e-2 mixture_components=5"],
  ["alpha_dsbm", "n_ipf=1 num_iter=100 first_num_iter=100 batch_size=64", "marginals"],
  ["dsbm", "n_ipf=1 num_iter=100 first_num_iter=100 batch_size=64 precondition=mixture"],
  ["sf2m", "num_iter=400 batch_size=64 ot_sampler=sinkhorn lr=5e-3"],
];

describe.each(table)("method=%s", (method, words, bounds) => {
  const experiments = join(root, method);
  it("trains towards the exact bridge, both ways", async () => {
    const own = [`method=${method}`, "model.hidden='64,64'", `experiments_dir=${experiments}`];
    expect(await main([...common, ...own, ...wordsOf(words).filter(Boolean)])).toBe(0);
    if (bounds !== "marginals") expectExact(onlyRun(experiments) as string);
  });

  it.each(["solver=sde", "solver=dopri5 ode_tol=1e-3"])(
    "samples new points from its folder (%s)",
    async (solver) => {
      const out = join(root, `${method}-${solver.slice(7, 10)}.npy`);
      const run = onlyRun(experiments) as string;
      const options = ["direction=f", ...wordsOf(solver)];
      expect(await main(["sample", run, "gaussian:3000", out, ...options])).toBe(0);
      expectSamples(out);
    },
  );
});
