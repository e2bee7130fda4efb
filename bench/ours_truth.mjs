// Time to the truth: seconds of training, without evaluations, until the newest network's marginals
// are as close to the exact bridge's as published.
import { readFileSync } from "node:fs";

const TRUTH = JSON.parse(readFileSync(new URL("truth.json", import.meta.url), "utf8"));
const EXACT = { a: 0.1, sigma: 1 };

/** The mean over the 21 times of a run of new samples of the divergence with independent coordinates. */
function meanDivergence({ torch, bridge }, training, direction, dim) {
  return torch.tidy(() => {
    const generator = bridge.stream(1, `truth/${training.state.half}`);
    const mean = direction === "f" ? -EXACT.a : EXACT.a;
    const x = torch.randn([TRUTH.samples, dim], { generator }).add(mean);
    const states = training.sampler.simulatePaths(direction, x, { generator });
    const count = states.size(0);
    let sum = 0;
    for (let k = 0; k < count; k += 1) {
      const share = k / (count - 1);
      const t = direction === "f" ? share : 1 - share;
      sum += bridge.gaussianKL(states.select(0, k), EXACT, t).diag;
    }
    return sum / count;
  });
}

/** `plain` is the benchmark's problem in `dim` dimensions; the preset of truth.json changes how it is trained. */
export function truth({ torch, bridge }, plain, dim) {
  const { target, steps, cacheSteps, ...optimisation } = TRUTH[dim];
  const cacheGrid = bridge.uniformGrid(cacheSteps);
  const problem = {
    ...plain,
    method: { ...plain.method, stepVariance: "analytic" },
    schedule: { ...plain.schedule, halfIterations: 40, steps, cacheGrid },
    optimisation: { ...plain.optimisation, ...optimisation, emaWarmup: true },
  };
  const run = async (reps) => {
    if (reps === 0) return {};
    const training = new bridge.Training(problem);
    let seconds = 0;
    let began = performance.now();
    for await (const { type, half, direction } of training.run()) {
      if (type !== "half") continue;
      seconds += (performance.now() - began) / 1000;
      const kl = meanDivergence({ torch, bridge }, training, direction, dim);
      if (kl <= target)
        return {
          seconds,
          said: `mean diagonal KL ${kl.toExponential(2)} after ${half} half-iterations of ${steps} steps`,
        };
      began = performance.now();
    }
    throw new Error(`the mean diagonal KL stayed above ${target}`);
  };
  return { run, warm: 0 };
}
