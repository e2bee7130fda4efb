// `node bench/steps.mjs`: the loss of simulated pairs with fewer steps, on the Gaussian benchmark.
// Trains as bench/truth.json says, three half-iterations in 5 and 50 dimensions, then simulates
// with the last network in different numbers of steps, with the variances of a step, two grids and
// Heun's correction. Prints a table of Markdown: KL of generated samples from the target
// (independent coordinates) and the 2-Wasserstein distance of the coordinates (root mean square) to new
// target samples, with its floor.
import { readFileSync } from "node:fs";
import * as bridge from "@dsbm/bridge";
import { gaussianEndpoints } from "@dsbm/data";
import { ScoreNetwork } from "@dsbm/nets";
import * as torch from "@dsbm/torch";
import { Sampler, Training } from "@dsbm/train";
import { markdown } from "./cost.mjs";

const TRUTH = JSON.parse(readFileSync(new URL("truth.json", import.meta.url), "utf8"));
const A = 0.1;
const NUMBER = 20_000;
const wholeGrid = bridge.uniformGrid(20);

/** Steps that are shorter at both ends, as half a cosine wave has them. */
function cosineGrid(n) {
  const times = Array.from({ length: n + 1 }, (_, k) => (1 - Math.cos((Math.PI * k) / n)) / 2);
  return { times, steps: times.slice(1).map((t, k) => t - times[k]) };
}

/** Ends by Heun's steps in half as many: the mean of the drifts at both ends of a step, with the noise of the process. */
function byHeun(drift, start, n, generator) {
  const [steps, at] = [Math.ceil(n / 2), (t) => torch.full([NUMBER], t)];
  let x = start;
  for (let k = 0; k < steps; k += 1) {
    const [time, next, dt] = [1 - k / steps, 1 - (k + 1) / steps, 1 / steps];
    const noise = torch.randn(start.shape, { generator }).mul(Math.sqrt(dt));
    const before = drift(x, at(time));
    const after = drift(x.add(before, { alpha: dt }).add(noise), at(next));
    x = x.add(before.add(after), { alpha: dt / 2 }).add(noise);
  }
  return x;
}

async function trainedBridge(dim) {
  const { steps, target: _, cacheSteps: __, ...optimisation } = TRUTH[dim];
  const training = new Training({
    data: gaussianEndpoints({ n: 10_000, dim, a: A, generator: bridge.stream(0, "data") }),
    process: bridge.brownian({ sigma: 1 }),
    method: {
      method: bridge.methods.dsbm,
      network: (d) => new ScoreNetwork(dim, { generator: bridge.stream(0, `network/${d}`) }),
      firstCoupling: "ind",
      stepVariance: "analytic",
    },
    schedule: { grid: wholeGrid, eps: 1e-3, halfIterations: 3, steps },
    optimisation: { ...optimisation, emaWarmup: true },
    execution: { simulateThreads: 2, cacheSteps: "auto" },
    seed: 0,
  });
  const chosen = [];
  for await (const { type, cacheSteps } of training.run())
    if (type === "start") chosen.push(cacheSteps);
  return { training, chosen };
}

const digits = (x) => Number(x.toPrecision(2)).toString();

/** KL and distance of samples [n, d] from N(mean, I). */
function klDivergences(ends, mean, fresh) {
  const { diag } = bridge.gaussianKL(ends, { a: A, sigma: 1 }, mean < 0 ? 0 : 1);
  const columns = bridge.columnWasserstein(ends, fresh, { p: 2 });
  return [diag, Math.hypot(...columns) / Math.sqrt(columns.length)].map(digits);
}

for (const dim of [5, 50]) {
  const { training, chosen } = await trainedBridge(dim);
  torch.tidy(() => {
    const generator = bridge.stream(1, "steps");
    const sample = (mean) => torch.randn([NUMBER, dim], { generator }).add(mean);
    const direction = "b"; // the third half-iteration's: to N(−A, I)
    const [start, fresh, other] = [sample(A), sample(-A), sample(-A)];
    const floor = klDivergences(other, -A, fresh).join(", ");
    const rows = [["target itself", floor, "", "", "", ""]];
    const { process, method } = training.problem;
    for (const n of [3, 5, 7, 10, 15, 20]) {
      const cells = [`${n}`];
      for (const [grid, stepVariance] of [
        [bridge.uniformGrid(n), "process"],
        [bridge.uniformGrid(n), "bridge"],
        [bridge.uniformGrid(n), "analytic"],
        [cosineGrid(n), "process"],
      ]) {
        const { samplers: networks } = training.state;
        const options = { method: method.method, process, networks, stepVariance, grid };
        const sampler = new Sampler({ ...options, threads: 2 });
        const [kl, w2] = klDivergences(
          sampler.simulate(direction, start, { generator }),
          -A,
          fresh,
        );
        cells.push(`${kl}, ${w2}`);
      }
      const dynamics = { method: method.method, process, networks: training.state.samplers };
      const drift = bridge.driftOf(dynamics, { direction, grid: wholeGrid });
      const ends = torch.noGrad(() => byHeun(drift, start, n, generator));
      cells.push(klDivergences(ends, -A, fresh).join(", "));
      rows.push(cells);
    }
    const head = [
      "steps",
      "process",
      "bridge",
      "analytic",
      "process, shorter at the ends",
      "Heun, half the steps",
    ];
    console.log(`${dim} dimensions: KL, W2 of the coordinates\n\n${markdown(head, rows)}\n`);
  });
  console.log(`cacheSteps auto: ${chosen.slice(1).join(" and ")} of 20 steps\n`);
  training.dispose();
}
