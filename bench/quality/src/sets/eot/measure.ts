// How a run and the reference rows are measured, by moments and paths of a known plan.
import {
  eulerMaruyama,
  type Field,
  type Gaussian,
  MixturePotential,
  stream,
  uniformGrid,
} from "@dsbm/bridge";
import { openSubject } from "@dsbm/evaluation";
import { cat, noGrad, randn, type Tensor, tidy } from "@dsbm/torch";
import type { Measured, Sizes, Values } from "../../benchmark.js";
import { conditionalUvp, planMoments } from "../../exact/known-plan.js";
import { pathKL } from "../../exact/path-kl.js";
import { countsOf, exactSampler, plan, referenceStarts } from "./data.js";

/**
 * The mean over starts of the BW²-UVP of generated samples from many equal starts; null if it was
 * stopped.
 */
async function uvp(
  { potential, draw }: ReturnType<typeof plan>,
  ends: (starts: Tensor, i: number) => Tensor | Gaussian,
  { quick, progress, signal }: Pick<Sizes, "quick" | "progress" | "signal">,
  most = Number.POSITIVE_INFINITY,
): Promise<number | null> {
  const { x, y } = countsOf(quick);
  const count = Math.min(x, most);
  const { starts, variance } = tidy(() => {
    const { start } = draw(10_000, "measure");
    const { covariance } = planMoments(potential, start);
    return { starts: start.keep(), variance: covariance.trace().item() };
  });
  let sum = 0;
  try {
    for (let i = 0; i < count; i++) {
      progress.update({ label: "measuring conditional moments", step: i, steps: count });
      await new Promise(setImmediate);
      if (signal.aborted) return null;
      sum += noGrad(() =>
        tidy(() => {
          const x = starts.narrow(0, i, 1);
          const exact: Gaussian = planMoments(potential, x);
          const many = x.expand([y, x.size(1)]).contiguous();
          return conditionalUvp(ends(many, i), { exact, variance });
        }),
      );
    }
    return sum / count;
  } finally {
    starts.dispose();
  }
}

/** Measures a run by its known plan; null if it was stopped. */
export async function measurePlan(
  dim: number,
  epsilon: number,
  run: Measured,
): Promise<Values | null> {
  const { seed, device } = run.config;
  using subject = await openSubject(run.folder, { ...run, steps: null, seed, device });
  const known = plan(dim, epsilon);
  try {
    const { grid, trained, bridge } = subject;
    const { sampler } = bridge;
    const generator = stream(seed, "benchmark/eot");
    const cbw = await uvp(
      known,
      (starts) => sampler.simulate("f", starts, { grid, lastNoise: trained.lastNoise, generator }),
      run,
    );
    if (cbw === null) return null;
    const network = subject.bridge.networks.f;
    // Of a learnt plan the moments themselves, without samples.
    const closed =
      network instanceof MixturePotential
        ? await uvp(known, (starts) => planMoments(network, starts.narrow(0, 0, 1)), run)
        : null;
    const drift = subject.bridge.drift("f", undefined);
    const draws = stream(seed, "benchmark/eot/paths");
    const path = (d: Field) =>
      noGrad(() =>
        pathKL(d, (x, t) => known.potential.forward(x, t), {
          ...{ epsilon, times: 50 },
          draw: (t) =>
            tidy(() => {
              const [x, z, noise] = Array.from({ length: 3 }, () =>
                randn([500, dim], { generator: draws }),
              ) as [Tensor, Tensor, Tensor];
              const end = known.potential.draw(x, z);
              return trained.process.bridge({
                x0: x,
                x1: end,
                t: x.select(1, 0).mul(0).add(t),
                z: noise,
              });
            }),
        }),
      ).value;
    const hasPaths = drift && trained.method.predicts !== "velocity";
    return { cbw2_uvp: cbw, plan_uvp: closed, path_kl: hasPaths ? path(drift) : null };
  } finally {
    known.potential.dispose();
  }
}

/** The rows of a known plan that no method makes; null if it was stopped. */
export async function referencesOf(
  dim: number,
  epsilon: number,
  sizes: Sizes,
): Promise<Record<string, Values> | null> {
  const known = plan(dim, epsilon);
  const { potential } = known;
  const generator = stream(1, `benchmark/eot/references/${dim}/${epsilon}`);
  const normal = (like: Tensor) => randn(like.shape, { generator });
  const target = tidy(() => {
    const { start, end } = known.draw(10_000, "measure");
    return { end: end.keep(), mean: planMoments(potential, start).mean.keep() };
  });
  const { y } = countsOf(sizes.quick);
  const rows: [string, (starts: Tensor, i: number) => Tensor][] = [
    [exactSampler, (x) => potential.draw(x, normal(x))],
    [
      "exact drift, 200 steps",
      (x) =>
        eulerMaruyama((s, t) => potential.forward(s, t), x, {
          ...{ direction: "f", grid: uniformGrid(200), sigma: Math.sqrt(epsilon), noise: normal },
        }),
    ],
    ["independent plan", (_, i) => target.end.narrow(0, (i * y) % (10_000 - y), y)],
    ["constant mean", () => cat([target.mean.unsqueeze(0), target.mean.unsqueeze(0)])],
  ];
  const found: Record<string, Values> = {};
  try {
    for (const [label, ends] of rows) {
      const cbw2_uvp = await uvp(known, ends, sizes, referenceStarts);
      if (cbw2_uvp === null) return null;
      found[label] = { cbw2_uvp };
    }
    return found;
  } finally {
    for (const tensor of [target.end, target.mean, potential]) tensor.dispose();
  }
}
