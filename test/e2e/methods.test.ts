// Methods with models of their own, and preconditioned DSBM, through the command line: trained between Gaussians, measured in both directions, and
// sampled from their folders by their own sampler and along the probability flow.
import { join } from "node:path";
import { readRun } from "@dsbm/runs";
import { io } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { main } from "../../packages/cli/src/main.js";
import { onlyRun, scratch } from "./cli.js";

const root = scratch();

/** Steps, and words of its own; the last rows of results are within these of the exact bridge. */
const table = [
  {
    method: "dbdsb",
    words: ["precondition=true", "first_coupling=ind", "num_iter=400", "n_ipf=3", "batch_size=128"],
  },
  {
    method: "dbdsb",
    name: "dbdsb from a mixture",
    words: [
      ...["precondition=mixture", "mixture_components=5", "match_moments=true", "num_iter=200"],
      ...["n_ipf=2", "batch_size=128", "step_variance=analytic", "cache_num_steps=10"],
    ],
  },
  { method: "gaussian_bridge", words: [] },
  { method: "sinkhorn_bridge", words: [] },
  { method: "lightsb", words: ["num_iter=300", "lr=2e-2", "mixture_components=5"] },
  { method: "lightsb_m", words: ["num_iter=300", "lr=2e-2", "mixture_components=5"] },
  { method: "sf2m", words: ["num_iter=400", "batch_size=64", "ot_sampler=sinkhorn", "lr=5e-3"] },
  {
    method: "alpha_dsbm",
    words: [
      "first_num_iter=250",
      "num_iter=120",
      "batch_size=192",
      "cache_num_steps=10",
      "lr=3e-3",
    ],
  },
];

describe.each(table.map((row) => ({ name: row.method, ...row })))(
  "method=$name",
  ({ name, method, words }) => {
    const experiments = join(root, name);
    it("trains towards the exact bridge, both ways", async () => {
      const all = [
        ...["train", "dataset=gaussian", `method=${method}`, "data.dim=2", "data.a=0.5"],
        ...["data.n_train=2000", "data.n_test=2000", "ema_rate=0.98", "model.hidden='64,64'"],
        ...["threads=1", "seed=2", "plot_level=0", "LOGGER=NONE", `experiments_dir=${experiments}`],
        ...words,
      ];
      expect(await main(all)).toBe(0);
      const { results } = readRun(onlyRun(experiments) as string);
      for (const direction of ["b", "f"]) {
        const row = results.findLast((r) => r.direction === direction);
        expect(Math.abs(Number(row?.mean) - Number(row?.exact_mean))).toBeLessThan(0.1);
        expect(Math.abs(Number(row?.var) - 1)).toBeLessThan(0.15);
        expect(Math.abs(Number(row?.cov) - Number(row?.exact_cov))).toBeLessThan(0.08);
      }
    });

    it.each(["sde", "dopri5"])("samples new points from its folder (solver=%s)", async (solver) => {
      const out = join(root, `${name}-${solver}.npy`);
      const run = onlyRun(experiments) as string;
      const options = ["direction=f", `solver=${solver}`, "ode_tol=1e-3"];
      const own = solver === "sde" ? options.slice(0, 2) : options;
      expect(await main(["sample", run, "gaussian:3000", out, ...own])).toBe(0);
      using file = io.npy.open(out);
      expect(file.shape).toEqual([3000, 2]);
      const x = io.fromRaw(file.rows(0, 3000));
      expect(Math.abs(x.mean().item() - 0.5)).toBeLessThan(0.1);
      expect(Math.abs(x.std().item() - 1)).toBeLessThan(0.12);
    });
  },
);
