// Evaluation of an image run: the newest network from held-out starts, what its ends look like, and how they
// compare with real images and with independent pairs.
import {
  type Direction,
  endpointRow,
  endpointStatistics,
  type FeatureExtractor,
  frechetScore,
  type Gaussian,
  imageStatistics,
  inceptionFeatures,
  lenetFeatures,
  mapConditions,
  resample,
  squaredDistances,
  stream,
  type Training,
} from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { cat, noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { Progress } from "../progress.js";
import type { Position } from "./checkpoint.js";
import { gaussianName, type ImageData, type ImageEnd, testConditions, testRows } from "./data.js";
import { iterationOf } from "./iteration.js";
import { type Judge, judgedSet, shareOfClasses } from "./judge.js";

/** The columns of an image run's results.csv. */
export const columns = [
  "half_iteration",
  "iteration",
  "direction",
  "step",
  "n",
  "nfe",
  "start_mean",
  "start_var",
  "end_mean",
  "end_var",
  "end_sample_var",
  "data_mean",
  "data_var",
  "data_sample_var",
  "mse",
  "msd",
  "independent_msd",
  "share",
  "data_share",
  "fid_lenet",
  "data_fid_lenet",
  "fid",
  "seconds_per_batch",
  "seconds",
] as const;

type Result = Record<(typeof columns)[number], string | number | null>;

/** What the ends of a direction are measured with; made once a run. */
export interface Court {
  judges: Record<"x0" | "x1", Judge | null>;
  inception: (FeatureExtractor & Disposable) | null;
  /** By end and metric: statistics of the real images to train on, and the distance of held-out ones from them. */
  real: Map<string, { statistics: Gaussian; floor: number }>;
}

/** Opens the user's Inception file, if the configuration names one. */
export function openCourt(config: CompleteTrainConfig, judges: Court["judges"]): Court {
  const path = config.metrics.inception;
  return { judges, inception: path === null ? null : inceptionFeatures(path), real: new Map() };
}

export const endsOf = (direction: Direction): { start: "x0" | "x1"; end: "x0" | "x1" } =>
  direction === "f" ? { start: "x0", end: "x1" } : { start: "x1", end: "x0" };

export interface Evaluation {
  result: Result;
  /** Held-out starts, their ends, and held-out images of the other end, [n, C, H, W]; the caller's. */
  start: Tensor;
  end: Tensor;
  data: Tensor;
}

export interface EvaluateOptions {
  training: Training;
  data: ImageData;
  config: CompleteTrainConfig;
  court: Court;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** The grid of evaluations. */
export function testGrid(training: Training, { num_steps, test_num_steps }: CompleteTrainConfig) {
  const { grid } = training.problem;
  return test_num_steps === num_steps ? grid : resample(grid, test_num_steps);
}

/** Simulates the direction at a position and measures; null when stopped in between. */
export async function evaluate(
  at: Position,
  { training, data, config, court, progress, signal }: EvaluateOptions,
): Promise<Evaluation | null> {
  const { direction, half, step } = at;
  const began = performance.now();
  const ends = endsOf(direction);
  const start = tidy(() => testRows(data[ends.start], config.test_npar, config.seed)).keep();
  const parts: Tensor[] = [];
  const generator = stream(config.seed, `evaluate/${half}/${step}`, start.device);
  const n = start.size(0);
  const grid = testGrid(training, config);
  let batches = 0;
  try {
    for (let done = 0; done < n; batches++) {
      progress.update({ label: `evaluating ${direction}`, step: done, steps: n });
      await new Promise(setImmediate);
      if (signal?.aborted) return null;
      const some = Math.min(config.test_batch_size, n - done);
      parts.push(
        tidy(() =>
          training.simulator.endpoints(direction, start.narrow(0, done, some), {
            grid,
            generator,
            lastNoise: false,
            given: mapConditions(testConditions(data, ends.start, n), (t) =>
              t.narrow(0, done, some),
            ),
          }),
        ).keep(),
      );
      done += some;
    }
    const simulated = (performance.now() - began) / 1000;
    const [from, end, real] = tidy(() =>
      [start, cat(parts), testRows(data[ends.end], config.test_npar, config.seed)].map((t) =>
        t.to({ device: "cpu" }).keep(),
      ),
    ) as [Tensor, Tensor, Tensor];
    const measured = noGrad(() =>
      tidy(() => measure({ start: from, end, real }, data[ends.end], ends.end, court)),
    );
    from.dispose();
    const result: Result = {
      half_iteration: half,
      iteration: iterationOf(half, config),
      direction,
      step,
      n,
      nfe: grid.steps.length,
      ...measured,
      seconds_per_batch: simulated / batches,
      seconds: (performance.now() - began) / 1000,
    };
    return { result, start, end, data: real };
  } finally {
    for (const t of parts) t.dispose();
  }
}

type Measured = Omit<
  Result,
  | "half_iteration"
  | "iteration"
  | "direction"
  | "step"
  | "n"
  | "nfe"
  | "seconds_per_batch"
  | "seconds"
>;

function measure(
  { start, end, real }: { start: Tensor; end: Tensor; real: Tensor },
  wanted: ImageEnd,
  side: "x0" | "x1",
  court: Court,
): Measured {
  const row = endpointRow(endpointStatistics({ start, end, data: real }));
  const judge = judgedSet(wanted) === null ? null : court.judges[side];
  const lenet = judge ? lenetFeatures(judge.model) : null;
  const inception = wanted.name === gaussianName ? null : court.inception;
  const score = (extractor: FeatureExtractor | null) =>
    extractor &&
    frechetScore(extractor, end, realOf(extractor, wanted, side, court).statistics).value;
  const pick = (key: string) => row[key] ?? null;
  return {
    start_mean: pick("start_mean"),
    start_var: pick("start_var"),
    end_mean: pick("end_mean"),
    end_var: pick("end_var"),
    end_sample_var: pick("end_sample_var"),
    data_mean: pick("data_mean"),
    data_var: pick("data_var"),
    data_sample_var: pick("data_sample_var"),
    mse: pick("mse"),
    msd: pick("msd"),
    independent_msd: independentDisplacement(start, real),
    share: judge && shareOfClasses(judge, end, wanted),
    data_share: judge && shareOfClasses(judge, real, wanted),
    fid_lenet: score(lenet),
    data_fid_lenet: lenet && realOf(lenet, wanted, side, court).floor,
    fid: score(inception),
  };
}

/** Mean squared distance of independent pairs of starts and real images: what a bridge stays below. */
function independentDisplacement(start: Tensor, real: Tensor, most = 2000): number {
  const [a, b] = [start, real].map((x) =>
    x.narrow(0, 0, Math.min(most, x.size(0))).flatten({ startDim: 1 }),
  ) as [Tensor, Tensor];
  return squaredDistances(a, b).mean().item();
}

/** Statistics of the training images of an end, and what nothing can be expected to go below. */
function realOf(
  extractor: FeatureExtractor,
  { train, test }: ImageEnd,
  side: string,
  { real }: Court,
): { statistics: Gaussian; floor: number } {
  const key = `${side}/${extractor.metric}`;
  const known = real.get(key);
  if (known) return known;
  using of = imageStatistics(extractor, train.to({ device: "cpu" }));
  const { mean, covariance } = of.gaussian();
  const statistics = { mean: mean.keep(), covariance: covariance.keep() };
  const floor = frechetScore(extractor, test.to({ device: "cpu" }), statistics).value;
  const made = { statistics, floor };
  real.set(key, made);
  return made;
}
