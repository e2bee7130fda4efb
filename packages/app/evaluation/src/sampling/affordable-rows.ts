// How many rows the time allows, from a trial of few rows.
import { type Direction, sourceOf, wasserstein } from "@dsbm/bridge";
import { isVectors, testConditions, testRows } from "@dsbm/datasets";
import { type Tensor, tidy } from "@dsbm/torch";
import type { MeasureOptions } from "../metric.js";
import type { Subject } from "../subject.js";
import { disposeAll } from "../tensors.js";
import { type Sampling, sampleInBatches } from "./sample-in-batches.js";

/** The share of the time for samples. Metrics of images take a twentieth of the time of their samples. */
const sampleShare = { vectors: 0.35, images: 0.8 };
/** How many times an evaluation samples from each image: there, and back twice. */
export const imagePasses = 3;

/** Seconds of an evaluation of `n` images of `pair` seconds in both directions. */
export const imageEvaluationSeconds = (n: number, pair: number): number =>
  (2 * imagePasses * n * pair) / sampleShare.images;

/** The share of the time up to which a trial is repeated without its recording. */
const trialShare = { vectors: 0.1, images: 0.3 };
/** The share of the time for exact distances. */
const distanceShare = 0.35;
/** An exact plan between twice as many rows takes 2^2.25 times as long (measured, 1,000 to 8,000 rows). */
const planExponent = 2.25;
/** The fewest rows of an evaluation. */
const leastRows = { vectors: 100, images: 4 };
/** The smallest evaluation of images replays the programs of the trial, which takes a part of these seconds. */
const trial = { vectors: 250, images: leastRows.images, exact: 200, seconds: 2 };

/** The samples and distances of an evaluation, whose cost is estimated. */
export interface SamplingWork {
  sampling: Sampling;
  direction: Direction;
  /** How many times all rows are sampled, and how many exact distances are computed. */
  passes: number;
  distances: number;
}

/** Rows that the time allows. */
export interface Affordable {
  /** Generated samples. */
  n: number;
  /** Rows of exact distances. */
  exact: number;
}

/** Returns the options' rows, or fewer if their clock demands it; null if it was stopped. */
export async function affordableRows(
  subject: Subject,
  options: MeasureOptions,
  { sampling, direction, passes, distances }: SamplingWork,
): Promise<Affordable | null> {
  const { n, exact, clock, seed, split } = options;
  if (clock.seconds === null) return { n, exact };
  const from = sourceOf(direction);
  const kind = isVectors(subject.datasets) ? "vectors" : "images";
  if (clock.left < trial.seconds)
    return { n: Math.min(n, leastRows[kind]), exact: Math.min(exact, leastRows[kind]) };
  const start = tidy(() => testRows(subject.datasets[from], trial[kind], seed, split).keep());
  try {
    const rows = start.size(0);
    const secondsEach = async () => {
      const began = performance.now();
      const conditions = testConditions(subject.datasets, from, rows, split);
      const result = await sampleInBatches(subject.bridge, direction, start, {
        ...options,
        sampling,
        conditions,
        purpose: "trial",
        label: "a trial of few rows",
      });
      disposeAll([result?.end, result?.weights]);
      return result && (performance.now() - began) / 1000 / rows;
    };
    // The first call records the steps.
    const first = await secondsEach();
    if (first === null) return null;
    const isRepeated = first * rows < trialShare[kind] * clock.left;
    const each = isRepeated ? await secondsEach() : first;
    if (each === null) return null;
    // Another number of images is recorded again.
    const recording = kind === "images" ? Math.max(0, first - each) * rows : 0;
    const time = sampleShare[kind] * clock.left - recording;
    const fit = Math.floor(time / (passes * each));
    const plan = kind === "vectors" && distances > 0 ? planSeconds(start) : 0;
    const within = (distanceShare * clock.left) / Math.max(1e-9, distances * plan);
    return {
      n: Math.min(n, Math.max(leastRows[kind], fit)),
      exact: Math.min(
        exact,
        Math.max(leastRows.vectors, Math.floor(trial.exact * within ** (1 / planExponent))),
      ),
    };
  } finally {
    start.dispose();
  }
}

/** The rows that the time allows in each of several works, so that both directions have equal rows; null if it was stopped. */
export async function affordableRowsInEach(
  subject: Subject,
  options: MeasureOptions,
  works: readonly SamplingWork[],
): Promise<Affordable | null> {
  let { n, exact } = options;
  for (const [i, work] of works.entries()) {
    const clock = options.clock.part(1 / (works.length - i));
    const rows = await affordableRows(subject, { ...options, clock }, work);
    if (!rows) return null;
    n = Math.min(n, rows.n);
    exact = Math.min(exact, rows.exact);
  }
  return { n, exact };
}

/** Seconds of an exact plan between `trial.exact` rows. */
function planSeconds(x: Tensor): number {
  const half = Math.min(trial.exact, Math.floor(x.size(0) / 2));
  if (half < 2) return 0;
  const began = performance.now();
  tidy(() => wasserstein(x.narrow(0, 0, half), x.narrow(0, half, half), { p: 2, seed: 0 }));
  const seconds = (performance.now() - began) / 1000;
  return seconds * (trial.exact / half) ** planExponent;
}
