import {
  BridgeError,
  type Conditions,
  type Direction,
  mapConditions,
  rowsByMass,
  sourceOf,
  type TimeGrid,
  wasserstein,
} from "@dsbm/bridge";
import { isVectors, testConditions, testRows } from "@dsbm/datasets";
import type { Bridge, SampleOptions } from "@dsbm/inference";
import { cat, type Tensor, tidy } from "@dsbm/torch";
import type { MeasureOptions, Measuring, SampleSet } from "./metric.js";
import { disposeAll, kept, type Subject } from "./subject.js";

/** The kind of a sampler. */
type Solver = NonNullable<SampleOptions["solver"]>;

/** How rows are transported. */
export interface Sampling extends Pick<SampleOptions, "ode_tol" | "ode_step_size"> {
  solver: Solver;
  grid: TimeGrid;
  /** Rows at a time (default: all). */
  batch?: number;
}

interface TransportOptions {
  sampling: Sampling;
  seed: number;
  purpose: string;
  conditions: Conditions | undefined;
  label: string;
  progress: Measuring["options"]["progress"];
  signal: AbortSignal | undefined;
  /** Called with each state of a batch. The state is freed afterwards. */
  visit?: ((k: number, state: Tensor, weights: Tensor | null) => void) | undefined;
}

interface Transported {
  /** [n, …] on the processor; the caller owns it. */
  end: Tensor;
  /** Masses [n] at the endpoint of a method with growth; the caller owns them. */
  weights: Tensor | null;
  /** Network evaluations per row. */
  nfe: number;
  batches: number;
}

/** Transports rows x [n, …] to the other endpoint. Returns null if `signal` stopped it. */
export async function transport(
  bridge: Bridge,
  direction: Direction,
  x: Tensor,
  { sampling, seed, purpose, visit, conditions, label, progress, signal }: TransportOptions,
): Promise<Transported | null> {
  const { batch = x.size(0), solver, grid, ode_tol = null, ode_step_size = null } = sampling;
  const ends: Tensor[] = [];
  const masses: Tensor[] = [];
  let evaluations = 0;
  try {
    for (let first = 0; first < x.size(0); first += batch) {
      progress.update({ label, step: first, steps: x.size(0) });
      const cut = (t: Tensor) => t.narrow(0, first, Math.min(batch, x.size(0) - first)).keep();
      const rows = tidy(() => ({ x: cut(x), conditions: mapConditions(conditions, cut) }));
      const samples = await bridge
        .sample(rows.x, {
          solver,
          grid,
          ode_tol,
          ode_step_size,
          direction,
          seed,
          purpose,
          first,
          conditions: rows.conditions,
          signal,
          ...(visit && { onState: (state, { k, weights }) => visit(k, state, weights) }),
        })
        .finally(() => disposeAll([rows.x, ...Object.values(rows.conditions ?? {})]));
      ends.push(samples.x);
      if (samples.weights) masses.push(samples.weights);
      evaluations += samples.nfe * Math.min(batch, x.size(0) - first);
    }
    return {
      end: kept(() => cat(ends)),
      weights: masses.length > 0 ? kept(() => cat(masses)) : null,
      nfe: evaluations / x.size(0),
      batches: ends.length,
    };
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null;
    throw error;
  } finally {
    disposeAll([...ends, ...masses]);
  }
}

/** Samples [n, …] drawn by mass. */
export const byMass = (x: Tensor, weights: Tensor | null): Tensor =>
  weights ? x.indexSelect(0, rowsByMass(weights)) : x;

/** The index of a process time in a grid. */
export const stepAt = (times: readonly number[], time: number): number =>
  times.findIndex((t) => Math.abs(t - time) < 1e-9);

/** The share of the time for samples. Metrics of images take a twentieth of the time of their samples. */
const sampleShare = { vectors: 0.35, images: 0.8 };
/** How many times an evaluation transports each image: there, and back twice. */
export const imageTransports = 3;

/** Seconds of an evaluation of `n` images of `pair` seconds in both directions. */
export const imageEvaluationSeconds = (n: number, pair: number): number =>
  (2 * imageTransports * n * pair) / sampleShare.images;

/** The share of the time up to which a trial is repeated without its recording. */
const trialShare = { vectors: 0.1, images: 0.3 };
/** The share of the time for exact distances. */
const distanceShare = 0.35;
/** An exact plan between twice as many rows takes 2^2.25 times as long (measured, 1,000 to 8,000 rows). */
const power = 2.25;
const least = { vectors: 100, images: 4 };
/** The smallest evaluation of images replays the programs of the trial, which takes a part of these seconds. */
const trial = { vectors: 250, images: least.images, exact: 200, seconds: 2 };

export interface Work {
  sampling: Sampling;
  direction: Direction;
  /** How many times all rows are transported, and how many exact distances are computed. */
  transports: number;
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
export async function affordable(
  subject: Subject,
  options: MeasureOptions,
  { sampling, direction, transports, distances }: Work,
): Promise<Affordable | null> {
  const { n, exact, clock, seed, split } = options;
  if (clock.seconds === null) return { n, exact };
  const from = sourceOf(direction);
  const kind = isVectors(subject.datasets) ? "vectors" : "images";
  if (clock.left < trial.seconds)
    return { n: Math.min(n, least[kind]), exact: Math.min(exact, least[kind]) };
  const start = tidy(() => testRows(subject.datasets[from], trial[kind], seed, split).keep());
  try {
    const rows = start.size(0);
    const carry = async () => {
      const began = performance.now();
      const conditions = testConditions(subject.datasets, from, rows, split);
      const result = await transport(subject.bridge, direction, start, {
        ...options,
        sampling,
        conditions,
        purpose: "trial",
        label: "a trial of few rows",
      });
      result?.end.dispose();
      return result && (performance.now() - began) / 1000 / rows;
    };
    // The first call records the steps.
    const first = await carry();
    if (first === null) return null;
    const isRepeated = first * rows < trialShare[kind] * clock.left;
    const each = isRepeated ? await carry() : first;
    if (each === null) return null;
    // Another number of images is recorded again.
    const recording = kind === "images" ? Math.max(0, first - each) * rows : 0;
    const time = sampleShare[kind] * clock.left - recording;
    const fit = Math.floor(time / (transports * each));
    const plan = kind === "vectors" && distances > 0 ? planSeconds(start) : 0;
    const within = (distanceShare * clock.left) / Math.max(1e-9, distances * plan);
    return {
      n: Math.min(n, Math.max(least[kind], fit)),
      exact: Math.min(
        exact,
        Math.max(least.vectors, Math.floor(trial.exact * within ** (1 / power))),
      ),
    };
  } finally {
    start.dispose();
  }
}

/** The rows that the time allows in each of several works, so that both directions have equal rows; null if it was stopped. */
export async function affordableInEach(
  subject: Subject,
  options: MeasureOptions,
  works: readonly Work[],
): Promise<Affordable | null> {
  let { n, exact } = options;
  for (const [i, work] of works.entries()) {
    const clock = options.clock.part(1 / (works.length - i));
    const rows = await affordable(subject, { ...options, clock }, work);
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
  return seconds * (trial.exact / half) ** power;
}

// Training can diverge to parameters that are huge but finite: samples or metrics are then NaN, or far from
// all data.

/** Training cannot continue: its generated samples are not finite. */
export class DivergedError extends BridgeError {
  constructor(what: string, { direction, half }: DivergedPlace) {
    const when = half === null ? "" : ` after half-iteration ${half}`;
    super(
      "not_finite",
      `direction ${direction}${when}: ${what}: training diverged; start over (--again) with a smaller lr, or with grad_clip`,
    );
  }
}

interface DivergedPlace {
  direction: Direction;
  /** The half-iteration of the parameters; null: unknown. */
  half: number | null;
}

/** Throws a DivergedError if generated samples [n, …] are NaN or infinite. */
export function checkEnds(ends: Tensor, place: DivergedPlace): void {
  const bad = tidy(() => ends.flatten({ startDim: 1 }).isfinite().all(1).logicalNot().sum().item());
  if (Number(bad) > 0)
    throw new DivergedError(`${bad} of ${ends.size(0)} samples are NaN or infinite`, place);
}

const far = 10;

/**
 * Throws a DivergedError if samples lie far outside both datasets, even for the process's noise.
 */
export function checkScale(
  { datasets, trained }: Subject,
  { start, end, data }: Pick<SampleSet, "start" | "end" | "data">,
  place: DivergedPlace,
): void {
  const factor = tidy(() => {
    const center = data.mean(0, { keepdim: true });
    const scale = (x: Tensor) => x.to({ device: "cpu" }).sub(center).square().mean().sqrt().item();
    // Few held-out rows can lie much closer together than the data.
    const known = (["x0", "x1"] as const).map((side) =>
      testRows(datasets[side], 4 * end.size(0), 0, "train"),
    );
    return scale(end) / Math.max(...[start, data, ...known].map(scale), trained.process.sigma);
  });
  if (factor > far)
    throw new DivergedError(
      `samples are ${factor.toPrecision(2)} times as far from the data's mean as source and target`,
      place,
    );
}
